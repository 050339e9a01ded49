"""What happens to an image on a thread, before an engine gets it: a PNG is looked through for a bomb; others are turned or decoded."""

from pipelines.cpu.surplus import MOST_SURPLUS_BYTES, has_endless_rows, may_have_endless_rows, rows_bytes
from server.errors import UndecodableImage
from server.images.decode_cost import DEFLATED_BYTE_S, INFLATED_BYTE_S
from server.images.heif import decoded_heif
from server.images.upright import needs_recoding, upright
from server.types import EncodedImage, ImageFormat


def needs_preparation(image: EncodedImage, *, turns: bool, webp: bool = True) -> bool:
    """Whether `prepared` has something to do, which takes too long for an event loop.

    `turns`: the engine turns pictures itself. `webp`: it decodes WebP.
    """
    return image.format is ImageFormat.HEIF or needs_recoding(image, turns=turns, webp=webp) or _is_suspect(image)


def _is_suspect(image: EncodedImage) -> bool:
    return image.format is ImageFormat.PNG and may_have_endless_rows(image.data)


def prepared_cost(image: EncodedImage) -> tuple[float, int]:
    """The estimated cost of decoding with that of looking through: seconds of one core, and bytes at the peak."""
    decode_s, decoded_bytes = image.decode_s, image.decoded_bytes
    if _is_suspect(image):
        decode_s += DEFLATED_BYTE_S * len(image.data) + INFLATED_BYTE_S * rows_bytes(image.data)
    return decode_s, decoded_bytes


def prepared(image: EncodedImage, *, turns: bool, webp: bool = True) -> EncodedImage:
    """The image as the engine reads it and shows it upright; raises UndecodableImage if it cannot be decoded, or is a bomb."""
    if _is_suspect(image) and has_endless_rows(image.data):
        raise UndecodableImage(
            f"The PNG of {image.width_px}x{image.height_px} pixels has more than {MOST_SURPLUS_BYTES // 2**20} MiB behind its last row.",
            "No picture needs them: save it again.",
        )
    if image.format is ImageFormat.HEIF:
        return decoded_heif(image)
    return upright(image, turns=turns, webp=webp)
