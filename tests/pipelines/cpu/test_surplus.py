"""Bytes behind the last row are cut off where they can be, and only there."""

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
