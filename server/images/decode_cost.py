"""What an image will cost to decode, told from its headers: processor time, and bytes of memory at the peak.

The figures are of OpenCV 5 with libjpeg-turbo, libpng and libwebp on one core of a server processor; a slower one takes longer for all.
"""

from server.errors import ImageTooLarge

BGR_BYTES = 3
PEAK_BYTES = 2 * BGR_BYTES
"""A pixel, at the peak: OpenCV decodes into memory of its own, which its Python module then copies into an array."""
COEFFICIENT_BLOCK_BYTES = 128
"""64 coefficients of 16 bits, which a decoder keeps for each block of a JPEG with several scans."""

JPEG_PIXEL_S = 6e-9
JPEG_VISIT_S = 15e-9
"""Of one block in one scan, whatever the scan says of it."""
JPEG_ARITHMETIC_VISIT_S = 60e-9
JPEG_BYTE_S = 40e-9
PNG_PIXEL_S, PNG_INTERLACED_PIXEL_S, PNG_ROWS_BYTE_S, PNG_CODED_BYTE_S = 9e-9, 17e-9, 6.5e-9, 23e-9
INFLATED_BYTE_S, DEFLATED_BYTE_S = 3e-9, 14e-9
"""Of looking through a PNG, before it is decoded."""
WEBP_LOSSY_PIXEL_S, WEBP_LOSSY_BYTE_S = 9e-9, 120e-9
WEBP_LOSSLESS_PIXEL_S, WEBP_LOSSLESS_BYTE_S = 15e-9, 20e-9
WEBP_LOSSLESS_BYTES = 4
"""A pixel, besides BGR_BYTES: it is decoded to ARGB first, which is gone when the picture is copied."""
BMP_PIXEL_S = 4e-9
HEIF_START_S, HEIF_PIXEL_S = 0.3, 35e-9
HEIF_BYTES = 24
"""A pixel, with the process that decodes it: planes of up to 16 bits, RGB, its bytes, and the BMP."""
TURNED_PIXEL_S = 10e-9
"""To turn a picture, write it as BMP, and decode that."""
RESIZED_PIXEL_S = 3e-9
"""Of a resize that makes the picture larger; one that makes it smaller costs little beside the decoding."""

MAX_DECODE_S = 2.0
"""Twice what the most costly of 50 megapixels takes that real encoders write, a progressive JPEG of quality 95 without subsampling."""


def require_affordable(decode_s: float, why: str) -> None:
    """Raise ImageTooLarge for an image that takes more than MAX_DECODE_S to decode."""
    if decode_s > MAX_DECODE_S:
        raise ImageTooLarge(
            f"The image would take some {decode_s:.1f} s to decode ({why}), more than the {MAX_DECODE_S:g} s allowed.",
            "Save it again as a plain baseline JPEG.",
        )
