"""Bytes behind the last row are cut off where they can be, and only there."""

import struct
import tracemalloc
import zlib

import cv2
import numpy as np
import pytest

from pipelines.cpu.surplus import MOST_SURPLUS_BYTES, has_endless_rows, may_have_endless_rows, without_surplus
from tests.factories.odd_pictures import CMYK, CODED, JPEG, JUNK, PLAIN, PNG, PROGRESSIVE, RESTARTS, ROWS, WEBP, png_of
from tests.soak.image_seeds import interlaced_png, pillow, png_chunk, scene


@pytest.mark.parametrize("jpeg", [JPEG, PLAIN, RESTARTS, JPEG[:-2] + JUNK + b"\xff\xd9"])
def test_of_a_jpeg_with_one_scan_the_end_is_cut_off(jpeg: bytes) -> None:
    assert without_surplus(jpeg) == jpeg[:-2]


@pytest.mark.parametrize("other", [b"", b"\xff\xd8", JPEG[:-2], JPEG[:30], PROGRESSIVE, CMYK, WEBP, PNG[:40]])
def test_nothing_else_is_cut(other: bytes) -> None:
    assert without_surplus(other) is None


@pytest.mark.parametrize("surplus", [b"\0", JUNK, bytes(100_000)])
@pytest.mark.parametrize("coded", [CODED, zlib.compress(ROWS + bytes(5)), zlib.compress(ROWS + ROWS), zlib.compress(ROWS, 0)])
def test_a_png_keeps_its_rows(coded: bytes, surplus: bytes) -> None:
    exact = without_surplus(png_of(coded + surplus))
    assert exact is not None
    at, rows = exact.index(b"IDAT") - 4, b""
    while exact[at + 4 : at + 8] == b"IDAT":
        end = at + 8 + int.from_bytes(exact[at : at + 4])
        assert exact[at : end + 4] == png_chunk(b"IDAT", exact[at + 8 : end])
        rows, at = rows + exact[at + 8 : end], end + 4
    assert zlib.decompress(rows) == ROWS
    assert exact[at:] == png_chunk(b"IEND", b"")


def test_a_png_of_many_small_chunks() -> None:
    coded = CODED + JUNK
    pieces = b"".join(png_chunk(b"IDAT", coded[at : at + 7]) for at in range(0, len(coded), 7))
    whole = png_of(b"").replace(png_chunk(b"IDAT", b""), pieces)
    assert without_surplus(whole) == without_surplus(png_of(coded))


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA"])
def test_any_kind_of_png(mode: str) -> None:
    kinds = {"interlaced": interlaced_png(scene()), mode: pillow("PNG", mode)}
    for png in kinds.values():
        at = png.index(b"IDAT") - 4
        end = png.index(b"IEND") - 4
        coded = png[at + 8 : end - 4]
        exact = without_surplus(png[:at] + png_chunk(b"IDAT", coded + b"\0") + png[end:])
        assert exact is not None
        found, wanted = (cv2.imdecode(np.frombuffer(one, np.uint8), cv2.IMREAD_COLOR) for one in (exact, png))
        np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize(
    "coded",
    [CODED, CODED[:-1], zlib.compress(ROWS[:-1]), CODED[:-4] + bytes(4) + b"\0", b"", b"\0" * 50],
)
def test_a_png_without_surplus_or_with_damage(coded: bytes) -> None:
    assert without_surplus(png_of(coded)) is None


@pytest.mark.parametrize("level", [0, 1, 9])
@pytest.mark.parametrize("chunk_bytes", [7919, 10**9])
def test_rows_without_end_are_counted(level: int, chunk_bytes: int) -> None:
    for surplus, wanted in ((MOST_SURPLUS_BYTES, False), (MOST_SURPLUS_BYTES + 1, True)):
        coded = zlib.compress(ROWS + bytes(surplus), level)
        pieces = b"".join(png_chunk(b"IDAT", coded[at : at + chunk_bytes]) for at in range(0, len(coded), chunk_bytes))
        png = png_of(b"").replace(png_chunk(b"IDAT", b""), pieces)
        assert has_endless_rows(png) is wanted
        assert may_have_endless_rows(png) or not wanted


def test_a_palette_hides_no_rows() -> None:
    bomb = png_of(zlib.compress(ROWS + bytes(MOST_SURPLUS_BYTES + 1)))
    at = bomb.index(b"IDAT") - 4
    assert has_endless_rows(bomb[:at] + png_chunk(b"PLTE", b"\0\0\0\3IDATabc.") + bomb[at:])


@pytest.mark.parametrize("coded", [CODED, CODED[:-9], CODED + bytes(100_000), zlib.compress(ROWS * 2), b"", b"\0" * 50, JUNK])
def test_other_pngs_end(coded: bytes) -> None:
    assert not has_endless_rows(png_of(coded))


def deep_png(width_px: int, height_px: int, coded: bytes, depth: int = 16, colour: int = 6) -> bytes:
    header = struct.pack(">IIBBBBB", width_px, height_px, depth, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + png_chunk(b"IDAT", coded) + png_chunk(b"IEND", b"")


@pytest.mark.parametrize(("rows_more", "bytes_more"), [(0, 1), (1, 0)], ids=["a byte more", "a row more"])
def test_the_rows_are_never_held(rows_more: int, bytes_more: int) -> None:
    """A flat picture of 8 bytes a pixel; its price has 6 for the decoder."""
    width_px, height_px = 4000, 2500
    row = 1 + 8 * width_px
    png = deep_png(width_px, height_px, zlib.compress(bytes(row * (height_px + rows_more)), 9) + bytes(bytes_more))
    tracemalloc.start()
    exact = without_surplus(png)
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert exact is not None
    assert len(zlib.decompress(exact[exact.index(b"IDAT") + 4 : -16])) == row * height_px
    assert peak_bytes < 0.25 * width_px * height_px


def test_rows_that_become_far_larger_are_given_up() -> None:
    """Two values in an order that repeats after 8,000: only a slow search finds it."""
    side_px = 3000
    order = np.random.default_rng(3).integers(0, 2, 8000, np.uint8).tobytes()
    rows = (order * (side_px * (side_px + 1) // len(order) + 2))[: (side_px + 1) * side_px]
    coded = zlib.compress(rows + bytes(10), 9)
    png = deep_png(side_px, side_px, coded, depth=8, colour=0)
    assert len(zlib.compress(rows, 1)) > len(rows) / 16 + 2 * len(png)
    assert without_surplus(png) is None
    assert without_surplus(deep_png(side_px, side_px, zlib.compress(rows, 9) + b"\0", depth=8, colour=0)) is not None
