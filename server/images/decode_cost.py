"""What an image will cost to decode, told from its headers: processor time, and bytes of memory at the peak.

The figures are of OpenCV 5 with libjpeg-turbo, libpng and libwebp on one core of a server processor; a slower one takes longer for all.
They are prices: what waits, what is slow, and how long an engine may be silent follow from them. Only MAX_SCANS_S refuses an image.
"""

from server.errors import ImageTooLarge

BGR_BYTES = 3
PEAK_BYTES = 2 * BGR_BYTES
"""A pixel, at the peak: OpenCV decodes into memory of its own, which its Python module then copies into an array."""
COEFFICIENT_BLOCK_BYTES = 128
"""64 coefficients of 16 bits, which a decoder keeps for each block of a JPEG with several scans."""

JPEG_PIXEL_S, JPEG_BLOCK_S = 2e-9, 55e-9
"""Of the colours, and of the transform."""
JPEG_VISIT_S, JPEG_REFINING_VISIT_S, JPEG_ARITHMETIC_VISIT_S = 25e-9, 55e-9, 70e-9
"""Of one block in one scan, whatever the scan says of it. A scan that refines coefficients looks at each of them."""
JPEG_SMOOTHED_BLOCK_S = 200e-9
"""Of one block of a progressive JPEG that ends before its first coefficients are exact: decoders then smooth it."""
JPEG_BYTE_S, JPEG_KEPT_BYTE_S = 15e-9, 45e-9
"""Of the coded bytes: of a picture of one scan, and of one whose coefficients are kept until the last."""
PNG_PIXEL_S, PNG_INTERLACED_PIXEL_S, PNG_ROWS_BYTE_S, PNG_CODED_BYTE_S = 6e-9, 14e-9, 5e-9, 15e-9
INFLATED_BYTE_S, DEFLATED_BYTE_S = 3e-9, 14e-9
"""Of looking through a PNG, before it is decoded."""
WEBP_LOSSY_PIXEL_S, WEBP_LOSSY_BYTE_S = 9e-9, 90e-9
WEBP_LOSSLESS_PIXEL_S, WEBP_LOSSLESS_BYTE_S = 8e-9, 20e-9
WEBP_LOSSLESS_BYTES = 4
"""A pixel, besides BGR_BYTES: it is decoded to ARGB first, which is gone when the picture is copied."""
WEBP_GROUPS, WEBP_GROUP_S, WEBP_GROUP_BYTES = 64, 8e-6, 12 * 1024
"""Groups of Huffman codes of a lossless WebP: some that encoders write, of which its other prices know, and the tables of each one more."""
BMP_PIXEL_S = 2e-9
HEIF_START_S, HEIF_PIXEL_S = 0.3, 35e-9
HEIF_BYTES = 24
"""A pixel, with the process that decodes it: planes of up to 16 bits, RGB, its bytes, and the BMP."""
TURN_PIXEL_S = 2.5e-9
"""Of a decoder that turns the picture by its EXIF orientation; two pictures are in memory then, as at the peak of any."""
TURNED_PIXEL_S = 10e-9
"""To turn a picture before its engine gets it, write it as BMP, and decode that."""
RESIZED_PIXEL_S = 3e-9
"""Of a resize that makes the picture larger; one that makes it smaller costs little beside the decoding."""

MAX_SCANS_S = 0.8
"""Of all visits of a JPEG, and of smoothing. The most that encoders make of 50 megapixels is 0.66 s with Huffman codes (progressive CMYK)
and 0.77 s with arithmetic codes (progressive 4:4:4). Nothing else is refused for its time: pixels have a limit of their own, and whoever
sends many coded bytes pays for them."""


def require_affordable(scans_s: float, why: str) -> None:
    """Raise ImageTooLarge for a JPEG whose scans visit its blocks for more than MAX_SCANS_S."""
    if scans_s > MAX_SCANS_S:
        raise ImageTooLarge(
            f"The scans of the JPEG would take some {scans_s:.2f} s to decode ({why}), more than the {MAX_SCANS_S:g} s allowed.",
            "Save it again as a plain baseline JPEG.",
        )
