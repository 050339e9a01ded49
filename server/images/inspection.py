"""Decides from the bytes, before any decode, which images are accepted.

An image is accepted if its structure is complete from the first byte to its end: every length fits, every part is in its
place. Data after the end (an archive, a clip after a camera's photo) are common and harmless; they are removed.
Parts that OpenCV's versions read differently (animation frames and metadata) are removed too. Their orientation goes into
`EncodedImage.orientation`.
"""

from collections.abc import Callable

from server.errors import BadRequest, UnsupportedImage
from server.images.bmp import inspect_bmp
from server.images.foreign_formats import HEIF_FORMATS, foreign_format
from server.images.heif import inspect_heif, takes_heif
from server.images.jpeg import inspect_jpeg
from server.images.png import inspect_png
from server.images.refusal import unsupported
from server.images.webp import inspect_webp
from server.types import EncodedImage

_INSPECTORS: tuple[tuple[bytes, Callable[[bytes, int], EncodedImage]], ...] = (
    (b"\xff\xd8", inspect_jpeg),
    (b"\x89PNG", inspect_png),
    (b"RIFF", inspect_webp),
    (b"BM", inspect_bmp),
)


_HEAD_SIZE = slice(15, 18)
"""Of a BMP: the upper bytes of the size of its second header, which are zero."""


def is_picture(data: bytes) -> bool:
    """Whether the first bytes can only be those of a picture, accepted or not: no text and no form begins so."""
    if data.startswith((b"\xff\xd8", b"\x89PNG", b"GIF87a", b"GIF89a", b"II*\0", b"MM\0*")):
        return True
    if data.startswith(b"RIFF"):
        return data[8:12] == b"WEBP"
    return data[4:8] == b"ftyp" or (data.startswith(b"BM") and data[_HEAD_SIZE] == b"\0\0\0")


def inspect_image(data: bytes, max_pixels: int) -> EncodedImage:
    """Return the image if it is acceptable and has at most `max_pixels` pixels.

    Raises BadRequest (no bytes), UnsupportedImage (another type, or a variant that no engine decodes), ImageTooLarge (by
    the header) or UndecodableImage (truncated or damaged).
    """
    if not data:
        raise BadRequest("The image has no bytes.", "Send the content of a JPEG, PNG, WebP or BMP file.")
    for signature, inspect in _INSPECTORS:
        if data.startswith(signature):
            return inspect(data, max_pixels)
    found = foreign_format(data)
    if found in HEIF_FORMATS and takes_heif():
        return inspect_heif(data, max_pixels)
    if found is None:
        raise unsupported(f"The {len(data)} bytes are none of the known image types")
    raise UnsupportedImage(f"The {len(data)} bytes are {found.name}, and only JPEG, PNG, WebP and BMP are taken.", found.remedy)
