"""Which images are accepted, decided from the bytes alone before anything is decoded.

An image is accepted if its structure is whole from the first byte to its end: every length fits, every part is in its
place. What follows the end (an archive, a clip behind a camera's photo) is common and harmless; it is not handed on.
Nor is what OpenCV's versions read differently: animation frames and metadata. The orientation they told stays in
`EncodedImage.orientation`.
"""

from collections.abc import Callable

from server.errors import BadRequest
from server.images.bmp import inspect_bmp
from server.images.jpeg import inspect_jpeg
from server.images.png import inspect_png
from server.images.refusal import unsupported
from server.images.webp import inspect_webp
from server.types import EncodedImage

_SNIFFED_BYTES = 64

_INSPECTORS: tuple[tuple[bytes, Callable[[bytes, int], EncodedImage]], ...] = (
    (b"\xff\xd8", inspect_jpeg),
    (b"\x89PNG", inspect_png),
    (b"RIFF", inspect_webp),
    (b"BM", inspect_bmp),
)

# Named in the refusal, because a client learns more from "this is a GIF" than from "this is not a JPEG".
_REFUSED = (
    (0, b"GIF8", "a GIF"),
    (0, b"II*\0", "a TIFF"),
    (0, b"MM\0*", "a TIFF"),
    (4, b"ftyp", "a HEIF, AVIF or video file"),
    (0, b"%PDF", "a PDF"),
    (0, b"<", "SVG, XML or HTML"),
    (0, b"PK\3\4", "a zip archive"),
)


def inspect_image(data: bytes, max_pixels: int) -> EncodedImage:
    """The image, if it is one the service takes, with at most `max_pixels` pixels.

    Raises BadRequest (no bytes), UnsupportedImage (another type, or a variant no engine decodes), ImageTooLarge (told from
    the header) or UndecodableImage (truncated or damaged).
    """
    if not data:
        raise BadRequest("The image has no bytes.", "Send the content of a JPEG, PNG, WebP or BMP file.")
    for signature, inspect in _INSPECTORS:
        if data.startswith(signature):
            return inspect(data, max_pixels)
    head = data[:_SNIFFED_BYTES].lstrip()
    found = next((name for offset, signature, name in _REFUSED if head.startswith(signature, offset)), "none of the known image types")
    raise unsupported(f"The {len(data)} bytes are {found}")
