import struct

import cv2
import numpy as np
import pytest

from server.errors import ImageTooLarge, UndecodableImage, UnsupportedImage
from server.images.bmp import inspect_bmp
from tests.server.images.bmp_made import HEIGHT, MASKS, RUNS, WIDTH, bmp

ACCEPTED = {
    **{f"{bits} bits, {size}": bmp(bits, size) for bits in (1, 4, 8, 24) for size in (12, 40, 52, 56, 64, 108, 124)},
    **{f"{bits} bits, {size}": bmp(bits, size) for bits in (16, 32) for size in (40, 52, 56, 64, 108, 124)},
    **{f"top-down, {bits} bits": bmp(bits, height=-HEIGHT) for bits in (1, 4, 8, 16, 24, 32)},
    **{f"masks {name}": bmp(16, 40, 3, MASKS[name]) for name in ("565", "555")},
    **{f"masks BGRX, {size}": bmp(32, size, 3, MASKS["BGRX"]) for size in (40, 52, 56, 108, 124)},
    "short palette": bmp(8, colours=3),
    "run lengths, 8 bits": bmp(8, compression=1, pixels=RUNS),
    "run lengths, 4 bits": bmp(4, compression=2, pixels=RUNS),
    "run lengths without a length": bmp(8, compression=1, pixels=RUNS, pixels_bytes=0),
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_accepted_and_decoded(name: str) -> None:
    image = inspect_bmp(ACCEPTED[name], 1000)
    assert (image.width_px, image.height_px, image.orientation) == (WIDTH, HEIGHT, 1)
    pixels = cv2.imdecode(np.frombuffer(image.data, np.uint8), cv2.IMREAD_COLOR)
    assert pixels is not None
    assert pixels.shape == (HEIGHT, WIDTH, 3)


@pytest.mark.parametrize("name", ACCEPTED)
def test_truncated_anywhere(name: str) -> None:
    for length in range(len(ACCEPTED[name])):
        with pytest.raises((UndecodableImage, UnsupportedImage)):
            inspect_bmp(ACCEPTED[name][:length], 1000)


@pytest.mark.parametrize(
    "data",
    [
        bmp(24, 16),
        bmp(24, 41),
        bmp(16, 12),
        bmp(2),
        bmp(0),
        bmp(24, compression=4),
        bmp(4, compression=1),
        bmp(16, 40, 3, MASKS["444"]),
        bmp(32, 40, 3, MASKS["10 bits"]),
        bmp(32, 40, 3, MASKS["twice"]),
        bmp(24, 124, 3, MASKS["RGBX"]),
    ],
)
def test_variants_that_not_every_decoder_takes(data: bytes) -> None:
    with pytest.raises(UnsupportedImage):
        inspect_bmp(data, 1000)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (bmp(24, width=0), "impossible size of 0x7"),
        (bmp(24, height=0), "impossible size of 19x0"),
        (bmp(24, width=-1, pixels=b""), "impossible size of -1x7"),
        (bmp(24, start_shift=-1), "would start at byte 53, inside the headers, as told at byte 10"),
        (bmp(8, start_shift=-1), "would start at byte 1077, inside the headers"),
        (bmp(24, start_shift=1), "The pixels of the BMP at byte 55 would end at byte 475, but the image has only 474 bytes"),
        (bmp(8, colours=257), "palette of 257 colours at byte 46"),
        (bmp(8, compression=1, pixels=RUNS[:-2], pixels_bytes=0), "without their end"),
        (bmp(8, compression=1, pixels=b"\0" * 9), "without their end"),
        (bmp(8, compression=1, pixels=RUNS[:-2]), "without their end"),
        (bmp(8, compression=1, pixels=RUNS, height=-HEIGHT), "without their end"),
    ],
)
def test_damaged_structure(data: bytes, told: str) -> None:
    with pytest.raises(UndecodableImage, match=told):
        inspect_bmp(data, 1000)


REWRITTEN = {f"masks {name}, {size}": bmp(16, size, 3, MASKS[name]) for name in ("565", "555") for size in (52, 56, 108, 124)}
REWRITTEN |= {f"masks RGBX, {size}": bmp(32, size, 3, MASKS["RGBX"]) for size in (40, 52, 56, 108, 124)}
REWRITTEN |= {f"masks XBGR, {size}": bmp(32, size, 3, MASKS["XBGR"], height=-HEIGHT) for size in (40, 108)}
REWRITTEN |= {"24 bits with masks": bmp(24, 124, 3, MASKS["BGRX"]), "alpha masks": bmp(32, 56, 6, MASKS["BGRX"])}
REWRITTEN |= {"alpha masks behind the header": bmp(32, 40, 6, MASKS["RGBX"] + b"\0\0\0\xff")}


@pytest.mark.parametrize("name", REWRITTEN)
def test_what_opencv_reads_otherwise_is_written_anew(name: str) -> None:
    data = REWRITTEN[name]
    (bits,) = struct.unpack_from("<H", data, 28)
    masks = struct.unpack_from("<III", data, 54)
    image = inspect_bmp(data, 1000)
    assert inspect_bmp(image.data, 1000) == image
    row_bytes = (WIDTH * bits + 31) // 32 * 4
    rows = np.frombuffer(data[-row_bytes * HEIGHT :], np.uint8).reshape(HEIGHT, row_bytes)[:, : WIDTH * bits // 8]
    values = np.zeros((HEIGHT, WIDTH), np.int64)
    for place in range(bits // 8):
        values |= rows[:, place :: bits // 8].astype(np.int64) << (8 * place)
    wanted = np.dstack([(values & mask) / mask * 255 for mask in reversed(masks)])
    upright = wanted if struct.unpack_from("<i", data, 22)[0] < 0 else wanted[::-1]
    found = cv2.imdecode(np.frombuffer(image.data, np.uint8), cv2.IMREAD_COLOR)
    assert found is not None
    assert np.abs(found - upright).max() <= (7 if bits == 16 else 0)  # OpenCV fills the low bits of five or six with zeros


def test_too_large_is_told_from_the_header() -> None:
    with pytest.raises(ImageTooLarge):
        inspect_bmp(bmp(24, width=60_000, height=-60_000, pixels=b""), 1000)


def test_run_lengths_may_be_filled_up() -> None:
    filled = bmp(8, compression=1, pixels=RUNS + bytes(3))
    assert inspect_bmp(filled, 1000).data == filled
