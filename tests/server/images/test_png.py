import struct
import zlib
from collections.abc import Iterator

import cv2
import numpy as np
import pytest

from server.errors import ImageTooLarge, UndecodableImage, UnsupportedImage
from server.images.exif import write_orientation
from server.images.png import inspect_png
from server.types import EncodedImage

SIGNATURE = b"\x89PNG\r\n\x1a\n"
WIDTH, HEIGHT = 19, 11
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
LEGAL = [(0, 1), (0, 2), (0, 4), (0, 8), (0, 16), (2, 8), (2, 16), (3, 1), (3, 2), (3, 4), (3, 8), (4, 8), (4, 16), (6, 8), (6, 16)]
ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]


def chunk(kind: bytes, content: bytes = b"") -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def ihdr(colour_type: int = 2, depth: int = 8, interlace: int = 0, width: int = WIDTH, height: int = HEIGHT, method: int = 0) -> bytes:
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour_type, method, 0, interlace))


def rows(colour_type: int, depth: int, interlace: int) -> Iterator[bytes]:
    """Filter type 0 and pixels, row by row, pass by pass."""
    for x, y, right, down in ADAM7 if interlace else [(0, 0, 1, 1)]:
        width = (WIDTH - x + right - 1) // right
        for row in range(y, HEIGHT, down):
            yield b"\0" + bytes((row * 3 + byte) % 256 for byte in range((width * depth * CHANNELS[colour_type] + 7) // 8))


def idat(colour_type: int = 2, depth: int = 8, interlace: int = 0) -> bytes:
    return chunk(b"IDAT", zlib.compress(b"".join(rows(colour_type, depth, interlace))))


def plte(colours: int = 256) -> bytes:
    return chunk(b"PLTE", bytes(i % 251 for i in range(3 * colours)))


IEND = chunk(b"IEND")
PLAIN = SIGNATURE + ihdr() + idat() + IEND


def inspected(*chunks: bytes) -> EncodedImage:
    return inspect_png(b"".join((SIGNATURE, *chunks)), 1000)


@pytest.mark.parametrize("interlace", [0, 1])
@pytest.mark.parametrize(("colour_type", "depth"), LEGAL)
def test_every_legal_header(colour_type: int, depth: int, interlace: int) -> None:
    palette = plte(1 << depth) if colour_type == 3 else b""
    image = inspected(ihdr(colour_type, depth, interlace), palette, idat(colour_type, depth, interlace), IEND)
    assert (image.width_px, image.height_px) == (WIDTH, HEIGHT)
    pixels = cv2.imdecode(np.frombuffer(image.data, np.uint8), cv2.IMREAD_COLOR)
    assert pixels is not None
    assert pixels.shape == (HEIGHT, WIDTH, 3)


@pytest.mark.parametrize(("colour_type", "depth"), sorted({(c, d) for c in range(8) for d in (0, 1, 2, 3, 4, 8, 16, 32)} - set(LEGAL)))
def test_every_illegal_header(colour_type: int, depth: int) -> None:
    with pytest.raises(UndecodableImage, match="illegal PNG header"):
        inspected(ihdr(colour_type, depth), plte(), idat(), IEND)


@pytest.mark.parametrize(
    ("chunks", "told"),
    [
        ((), "A PNG chunk at byte 8 would end at byte 20, but the image has only 8 bytes"),
        ((idat(), ihdr(), IEND), "instead of the PNG header at byte 8"),
        ((chunk(b"IHDR", bytes(12)), idat(), IEND), "instead of the PNG header"),
        ((ihdr(width=0), idat(), IEND), "impossible size of 0x11"),
        ((ihdr(interlace=2), idat(), IEND), "interlace 2"),
        ((ihdr(method=1), idat(), IEND), "compression 1"),
        ((ihdr(), ihdr(), idat(), IEND), "unknown critical PNG chunk b'IHDR' at byte 33"),
        ((ihdr(), chunk(b"ABCD"), idat(), IEND), "unknown critical PNG chunk b'ABCD'"),
        ((ihdr(), chunk(b"Te t"), idat(), IEND), "instead of the type of a PNG chunk at byte 37"),
        ((ihdr(), IEND), "without pixels"),
        ((ihdr(3), idat(3), IEND), "without its palette"),
        ((ihdr(0), plte(), idat(0), IEND), "palette of the wrong size or in the wrong place at byte 33"),
        ((ihdr(3), idat(3), plte(), IEND), "palette of the wrong size or in the wrong place"),
        ((ihdr(3), plte(), plte(), idat(3), IEND), "palette of the wrong size or in the wrong place"),
        ((ihdr(3), plte(257), idat(3), IEND), "palette of the wrong size"),
        ((ihdr(3), chunk(b"PLTE", b"rg"), idat(3), IEND), "palette of the wrong size"),
        ((ihdr(), idat(), chunk(b"tEXt"), idat(), IEND), "pixel chunk apart from the others"),
        ((ihdr(), idat()), "would end at byte"),
        ((ihdr(), chunk(b"teXt") * 17_000), "more than 1123 chunks"),
    ],
)
def test_damaged_structure(chunks: tuple[bytes, ...], told: str) -> None:
    with pytest.raises(UndecodableImage, match=told):
        inspected(*chunks)


@pytest.mark.parametrize("at", range(len(PLAIN) - 4))
def test_any_changed_byte_is_noticed_but_the_checksum_of_the_end(at: int) -> None:
    with pytest.raises((UndecodableImage, ImageTooLarge)):
        inspect_png(PLAIN[:at] + bytes([PLAIN[at] ^ 4]) + PLAIN[at + 1 :], 1000)


@pytest.mark.parametrize("name", [b"tEXt", b"vp8L", b"eXIf"])
def test_a_chunk_that_is_thrown_away_may_have_any_name_and_checksum(name: bytes) -> None:
    image = inspected(ihdr(), chunk(name, write_orientation(6))[:-1] + b"\0", idat(), IEND)
    assert (image.data, image.orientation) == (PLAIN, 1)


@pytest.mark.parametrize("end", [IEND[:-4] + bytes(4), chunk(b"IEND", b"x")])
def test_an_odd_end_is_replaced(end: bytes) -> None:
    assert inspected(ihdr(), idat(), chunk(b"tEXt"), end).data == PLAIN


def test_a_png_for_iphones_is_named() -> None:
    with pytest.raises(UnsupportedImage, match="changed for iPhones"):
        inspected(chunk(b"CgBI", bytes(4)), ihdr(), idat(), IEND)


def test_bomb_is_told_from_its_header() -> None:
    with pytest.raises(ImageTooLarge, match="60000x60000"):
        inspected(ihdr(width=60_000, height=60_000))


def test_pixels_in_several_chunks() -> None:
    coded = idat()[8:-4]
    assert inspected(ihdr(), chunk(b"IDAT", coded[:5]), chunk(b"IDAT"), chunk(b"IDAT", coded[5:]), IEND).width_px == WIDTH


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_before_or_behind_the_pixels(orientation: int) -> None:
    exif = chunk(b"eXIf", write_orientation(orientation))
    before, behind = inspected(ihdr(), exif, idat(), IEND), inspected(ihdr(), idat(), exif, chunk(b"eXIf", write_orientation(2)), IEND)
    assert before == behind
    assert before.orientation == orientation
    assert before.data == (PLAIN if orientation == 1 else PLAIN[:33] + exif + PLAIN[33:])


def test_animation_is_cut_down_to_its_still_image() -> None:
    control = chunk(b"acTL", struct.pack(">II", 2, 0))
    frames = [chunk(b"fcTL", struct.pack(">IIIIIHHBB", number, WIDTH, HEIGHT, 0, 0, 1, 10, 0, 0)) for number in (0, 2)]
    more = [chunk(b"fdAT", struct.pack(">I", number) + idat()[8:-4]) for number in (1, 3)]
    assert inspected(ihdr(), control, idat(), frames[0], more[0], frames[1], more[1], IEND).data == PLAIN


def test_other_ancillary_chunks_are_dropped() -> None:
    assert inspected(ihdr(), chunk(b"gAMA", b"\0\1\x86\xa0"), chunk(b"tRNS", bytes(6)), idat(), chunk(b"tEXt", b"a\0b"), IEND).data == PLAIN


def told(window: int, flags: int = 0) -> bytes:
    """The pixels, 638 bytes inflated, with another window in their first byte."""
    first = (window.bit_length() - 9) << 4 | 8
    return chunk(b"IDAT", bytes([first, flags + 31 - (first * 256 + flags) % 31]) + zlib.compress(b"".join(rows(2, 8, 0)))[2:])


@pytest.mark.parametrize("window", [256, 512])
def test_a_window_that_is_told_smaller_than_the_rows_becomes_the_largest(window: int) -> None:
    assert inspected(ihdr(), told(window), IEND).data == SIGNATURE + ihdr() + told(32768) + IEND
    assert inspected(ihdr(), told(window, 0xC0), IEND).data == SIGNATURE + ihdr() + told(32768, 0xC0) + IEND


def test_another_first_byte_of_the_pixels_stays() -> None:
    no_zlib, cut = chunk(b"IDAT", b"\x08\x1e" + bytes(9)), chunk(b"IDAT", b"\x08")
    for pixels in (told(1024), told(32768), no_zlib, cut):
        assert inspected(ihdr(), pixels, IEND).data == SIGNATURE + ihdr() + pixels + IEND
