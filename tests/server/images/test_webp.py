import struct

import cv2
import numpy as np
import pytest

from server.errors import ImageTooLarge, UndecodableImage, UnsupportedImage
from server.images.exif import write_orientation
from server.images.webp import inspect_webp
from server.types import EncodedImage

PIXELS = np.dstack([np.add.outer(np.arange(24) * 7, np.arange(40) * 3).astype(np.uint8)] * 3)
# The one chunk that OpenCV writes, "VP8 " or "VP8L".
LOSSY = cv2.imencode(".webp", PIXELS, [cv2.IMWRITE_WEBP_QUALITY, 80])[1].tobytes()[12:]
LOSSLESS = cv2.imencode(".webp", PIXELS, [cv2.IMWRITE_WEBP_QUALITY, 101])[1].tobytes()[12:]


def chunk(name: bytes, content: bytes) -> bytes:
    return name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)


def vp8x(flags: int = 0, width: int = 40, height: int = 24) -> bytes:
    return chunk(b"VP8X", struct.pack("<I", flags) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little"))


def riff(*chunks: bytes) -> bytes:
    content = b"WEBP" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(content)) + content


def inspected(*chunks: bytes) -> EncodedImage:
    return inspect_webp(riff(*chunks), 1000)


def patched(frame: bytes, at: int, value: bytes) -> bytes:
    return frame[:at] + value + frame[at + len(value) :]


@pytest.mark.parametrize("frame", [LOSSY, LOSSLESS])
@pytest.mark.parametrize("before", [(), (vp8x(),), (vp8x(), chunk(b"ICCP", b"abc"), chunk(b"ALPH", b"\0"))])
def test_size(frame: bytes, before: tuple[bytes, ...]) -> None:
    image = inspected(*before, frame, *([chunk(b"XMP ", b"<x/>")] if before else []))
    assert (image.width_px, image.height_px, image.orientation) == (40, 24, 1)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("preamble", [b"", b"Exif\0\0"])
def test_orientation(orientation: int, preamble: bytes) -> None:
    exif = chunk(b"EXIF", preamble + write_orientation(orientation))
    image = inspected(vp8x(8), LOSSY, exif, chunk(b"XMP ", b"<x/>a"), chunk(b"EXIF", write_orientation(2)))
    assert image.orientation == orientation
    if orientation > 1:
        assert image.data == riff(vp8x(8), LOSSY, chunk(b"XMP ", b"<x/>a"), chunk(b"EXIF", write_orientation(orientation)))


@pytest.mark.parametrize(
    "chunks", [(vp8x(2), chunk(b"ANIM", bytes(6))), (vp8x(), chunk(b"ANIM", bytes(6))), (vp8x(), chunk(b"ANMF", bytes(30)))]
)
def test_animation(chunks: tuple[bytes, ...]) -> None:
    with pytest.raises(UnsupportedImage, match="animated WebP"):
        inspected(*chunks)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (riff(LOSSY)[:-1], "The WebP container at byte 0 would end at byte"),
        (riff(), "ends without a frame at byte 12"),
        (riff(vp8x()), "ends without a frame at byte 30"),
        (riff(b"VP8 "), "Half a WebP chunk header at byte 12"),
        (riff(LOSSY[:-2]), "outside its container, at byte 12"),
        (riff(chunk(b"ABCD", b""), LOSSY), "b'ABCD' instead of a frame at byte 20"),
        (riff(vp8x(width=41), LOSSY), "on a canvas of"),
        (riff(chunk(b"VP8X", bytes(9)), LOSSY), "VP8X chunk of the wrong length"),
        (riff(chunk(b"VP8 ", LOSSY[8:17])), "without a header"),
        (riff(chunk(b"VP8 ", LOSSY[8:20])), "shorter than its first partition"),
        (riff(patched(LOSSY, 8, bytes([LOSSY[8] | 1]))), "instead of a WebP key frame"),
        (riff(patched(LOSSY, 11, b"\0")), "instead of a WebP key frame"),
        (riff(patched(LOSSY, 14, b"\0\0")), "impossible size of 0x24"),
        (riff(patched(LOSSLESS, 8, b"\0")), "instead of a lossless WebP frame"),
        (riff(patched(LOSSLESS, 12, b"\xff")), "unknown version of lossless WebP"),
        (riff(chunk(b"VP8L", b"\x2f")), "instead of a lossless WebP frame"),
        (riff(LOSSY, chunk(b"ABCD", b"") * 300), "more than 256 chunks"),
    ],
)
def test_damaged_structure(data: bytes, told: str) -> None:
    with pytest.raises(UndecodableImage, match=told):
        inspect_webp(data, 1000)


def test_too_large_is_told_from_the_canvas() -> None:
    with pytest.raises(ImageTooLarge):
        inspected(vp8x(width=16_384, height=16_384))


def test_exif_counts_where_the_header_tells_of_it() -> None:
    exif = chunk(b"EXIF", write_orientation(6))
    assert inspected(vp8x(8), LOSSY, exif).orientation == 6
    assert inspected(vp8x(), LOSSY, exif).orientation == inspected(LOSSY, exif).orientation == 1
