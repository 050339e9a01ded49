"""The errors for images, and the limits of every format: its bytes and its pixels."""

from server.errors import ImageTooLarge, UndecodableImage, UnsupportedImage

_MAX_SIDE_PX = 65_500  # libjpeg's; libpng and OpenCV stop at a million


def damaged(what: str, offset: int) -> UndecodableImage:
    """The error for a broken structure at byte `offset`."""
    return UndecodableImage(f"{what} at byte {offset}.", "The image is truncated or damaged: send the original file.")


def unsupported(what: str) -> UnsupportedImage:
    """The error for an image that may be valid, but that not every engine decodes."""
    return UnsupportedImage(f"{what}.", "Convert it to a plain JPEG, PNG, WebP or BMP.")


def require_bytes(data: bytes, start: int, end: int, what: str) -> None:
    """Raise UndecodableImage unless `what`, which takes the bytes [start, end), lies within `data`."""
    if end > len(data):
        raise UndecodableImage(
            f"{what} at byte {start} would end at byte {end}, but the image has only {len(data)} bytes.",
            "The image is truncated or damaged: send the original file.",
        )


def require_size(width_px: int, height_px: int, max_pixels: int, offset: int) -> None:
    """Raise UndecodableImage for an empty picture; ImageTooLarge for more than `max_pixels` or a side too long for decoders.

    `offset` is the position of the size in the image.
    """
    if width_px < 1 or height_px < 1:
        raise damaged(f"An impossible size of {width_px}x{height_px} pixels", offset)
    if max(width_px, height_px) > _MAX_SIDE_PX:
        raise ImageTooLarge(
            f"The image of {width_px}x{height_px} pixels has a side of more than {_MAX_SIDE_PX}.", "Send a smaller version of it."
        )
    if width_px * height_px > max_pixels:
        raise ImageTooLarge(
            f"The image has {width_px}x{height_px} = {width_px * height_px} pixels, more than the {max_pixels} allowed.",
            "Send a smaller version of it.",
        )
