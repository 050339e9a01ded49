"""BMPs that are odd but valid: every depth, header, direction, mask and run-length coding."""

import struct
from collections.abc import Callable
from itertools import groupby, product

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tests.factories.small_scene import SCENE, written

CORE, INFO, HEADERS = 12, 40, (40, 52, 56, 64, 108, 124)
RGB, RLE8, RLE4, MASKS, ALPHA_MASKS = 0, 1, 2, 3, 6
SIZES = ((1, 1), (2, 3), (3, 2), (5, 7), (9, 9), (31, 1), (1, 29))
_HEIGHT, _WIDTH = SCENE.shape[:2]
_GREY = np.asarray(Image.fromarray(SCENE).convert("L"))
Indices = NDArray[np.uint8]


def indices(colours: int) -> Indices:
    """The scene as places in a palette."""
    return np.asarray(_GREY.astype(int) * colours // 256, np.uint8)


def packed(rows: NDArray[np.uint8], bits: int = 8) -> bytes:
    """Rows, the lowest first, each filled up to four bytes; of values of so many bits."""
    lines = rows.reshape(len(rows), -1)
    if bits < 8:
        lines = np.packbits(np.unpackbits(lines[..., None], axis=-1)[..., 8 - bits :].reshape(len(rows), -1), axis=-1)
    return np.pad(lines, ((0, 0), (0, -lines.shape[1] % 4)))[::-1].tobytes()


def palette(colours: int, each: int = 4) -> bytes:
    """Of so many colours, of so many bytes."""
    return b"".join(bytes([number * 37 % 251, number * 91 % 253, number * 11 % 241, 0])[:each] for number in range(colours))


def bmp_file(
    pixels: bytes,
    bits: int,
    *,
    size: int = INFO,
    how: int = RGB,
    masks: bytes = b"",
    table: bytes = b"",
    told: int = 0,
    shape: tuple[int, int] = (_HEIGHT, _WIDTH),
    gap: bytes = b"",
) -> bytes:
    """A BMP of these stored pixels; `gap` stands before them, and `told` is the number of colours in the header."""
    height, width = shape
    if size == CORE:
        head = struct.pack("<IHHHH", CORE, width, height, 1, bits)
    else:
        head = struct.pack("<IiiHHIIiiII", size, width, height, 1, bits, how, len(pixels), 2835, 2835, told, 0)
        head = (head + masks).ljust(size, b"\0")
    start = 14 + len(head) + len(table) + len(gap)
    return struct.pack("<2sIHHI", b"BM", start + len(pixels), 0, 0, start) + head + table + gap + pixels


_BGR: NDArray[np.uint8] = np.ascontiguousarray(SCENE[..., ::-1])
_FULL = np.full((_HEIGHT, _WIDTH), 255, np.uint8)
_ROWS_24 = packed(_BGR)


def _of_bytes(order: str) -> bytes:
    """32 bits, the bytes in this order; X is alpha."""
    planes = dict(zip("BGR", np.moveaxis(_BGR, -1, 0), strict=True)) | {"X": _FULL}
    return packed(np.dstack([planes[name] for name in order]))


def _masks_of(order: str) -> bytes:
    return struct.pack("<4I", *(0xFF << 8 * order.index(name) for name in "RGBX"))


def _sixteen(red: int, green: int, blue: int) -> bytes:
    """16 bits, of so many for each colour."""
    value = np.zeros((_HEIGHT, _WIDTH), np.uint16)
    for plane, bits in zip(np.moveaxis(SCENE, -1, 0), (red, green, blue), strict=True):
        value = value << bits | plane.astype(np.uint16) >> (8 - bits)
    return packed(value.astype("<u2").view(np.uint8))


_565, _555 = struct.pack("<III", 0xF800, 0x7E0, 0x1F), struct.pack("<III", 0x7C00, 0x3E0, 0x1F)


def _runs(values: Indices, code: Callable[[list[int]], bytes]) -> bytes:
    """Run-length coded rows, the lowest first."""
    return b"\0\0".join(code([int(value) for value in row]) for row in values[::-1]) + b"\0\1"


def _encoded_8(row: list[int]) -> bytes:
    return b"".join(bytes([len(list(run)), value]) for value, run in groupby(row))


def _absolute_8(row: list[int]) -> bytes:
    """The row as it is, filled up to two bytes."""
    return bytes([0, len(row), *row]) + bytes(len(row) % 2)


def _encoded_4(row: list[int]) -> bytes:
    return b"".join(bytes([len(list(run)), value << 4 | value]) for value, run in groupby(row))


def _absolute_4(row: list[int]) -> bytes:
    even = [*row, 0] if len(row) % 2 else row
    content = bytes(high << 4 | low for high, low in zip(even[::2], even[1::2], strict=True))
    return bytes([0, len(row)]) + content + bytes(len(content) % 2)


def indexed(bits: int, *, size: int = INFO, told: int = 0, shape: tuple[int, int] = (_HEIGHT, _WIDTH), gap: bytes = b"") -> bytes:
    """The scene with a palette; with `told` colours, or with all that its bits can name."""
    colours = told or 1 << bits
    rows = packed(indices(colours)[: abs(shape[0]), : shape[1]], bits)
    return bmp_file(rows, bits, size=size, table=palette(colours, 3 if size == CORE else 4), told=told, shape=shape, gap=gap)


_PLAIN = bmp_file(_ROWS_24, 24)
_ORDERS = ("BGRX", "RGBX", "XBGR")
BMPS_BY_PILLOW = {
    **{f"{bits} bits, header of {size}": indexed(bits, size=size) for bits, size in product((1, 4, 8), (CORE, *HEADERS))},
    **{f"{bits} bits, top row first": indexed(bits, shape=(-_HEIGHT, _WIDTH)) for bits in (1, 4, 8)},
    **{f"{bits} bits, {told} colours": indexed(bits, told=told) for bits, told in ((4, 3), (8, 2), (8, 100), (8, 256))},
    **{f"{bits} bits, {width}x{height}": indexed(bits, shape=(height, width)) for bits, (width, height) in product((1, 4, 8), SIZES)},
    **{f"24 bits, header of {size}": bmp_file(_ROWS_24, 24, size=size) for size in (CORE, *HEADERS)},
    **{
        f"24 bits, {width}x{height}": bmp_file(packed(np.ascontiguousarray(_BGR[:height, :width])), 24, shape=(height, width))
        for width, height in SIZES
    },
    "24 bits, top row first": bmp_file(packed(_BGR[::-1]), 24, shape=(-_HEIGHT, _WIDTH)),
    "a gap before the pixels": bmp_file(_ROWS_24, 24, gap=bytes(7)),
    "a gap behind the palette": indexed(8, gap=b"\xaa" * 50),
    "bytes behind its end": _PLAIN + bytes(100),
    "a size of zero in the header": _PLAIN[:2] + bytes(4) + _PLAIN[6:],
    "no size of the pixels": _PLAIN[:34] + bytes(4) + _PLAIN[38:],
    "a palette beside 24 bits": bmp_file(_ROWS_24, 24, table=palette(8), told=8),
    "as Pillow writes it, 1 bit": written(SCENE, "BMP", "1"),
    "as Pillow writes it, grey": written(SCENE, "BMP", "L"),
    "as Pillow writes it, palette": written(SCENE, "BMP", "P"),
    "as Pillow writes it, alpha": written(SCENE, "BMP", "RGBA"),
    **{f"32 bits, header of {size}": bmp_file(_of_bytes("BGRX"), 32, size=size) for size in HEADERS},
    "32 bits, top row first": bmp_file(packed(np.dstack([_BGR, _FULL])[::-1]), 32, shape=(-_HEIGHT, _WIDTH)),
    **{
        f"32 bits, masks {order}, header of {size}": bmp_file(_of_bytes(order), 32, size=size, how=MASKS, masks=_masks_of(order))
        for order, size in product(_ORDERS, (108, 124))
    },
    **{
        f"runs of 8 bits, {name}": bmp_file(_runs(indices(20), code), 8, how=RLE8, table=palette(256))
        for name, code in (("encoded", _encoded_8), ("absolute", _absolute_8))
    },
    **{
        f"runs of 4 bits, {name}": bmp_file(_runs(indices(16), code), 4, how=RLE4, table=palette(16))
        for name, code in (("encoded", _encoded_4), ("absolute", _absolute_4))
    },
    "runs, filled up": bmp_file(_runs(indices(20), _encoded_8) + bytes(2), 8, how=RLE8, table=palette(256)),
    "runs, a short palette, V5": bmp_file(_runs(indices(20), _encoded_8), 8, size=124, how=RLE8, table=palette(20), told=20),
    "no planes": _PLAIN[:26] + bytes(2) + _PLAIN[28:],
    "an index behind the palette": bmp_file(packed(indices(40)), 8, table=palette(10), told=10),
}
"""What Pillow shows so, too."""
BMPS_BY_OPENCV = {
    **{f"16 bits, header of {size}": bmp_file(_sixteen(5, 5, 5), 16, size=size) for size in HEADERS},
    "16 bits, top row first": bmp_file(_sixteen(5, 5, 5), 16, shape=(-_HEIGHT, _WIDTH)),
    **{
        f"16 bits, masks {name}": bmp_file(_sixteen(*bits), 16, how=MASKS, masks=masks)
        for name, bits, masks in (("565", (5, 6, 5), _565), ("555", (5, 5, 5), _555))
    },
}
_RUNS = bmp_file(_runs(indices(20), _encoded_8), 8, how=RLE8, table=palette(256))
BMPS_BY_OPENCV |= {
    "runs without a length": _RUNS[:34] + bytes(4) + _RUNS[38:],
    "runs that skip rows": bmp_file(
        b"\0\2\3\4" + _runs(indices(20)[:20], lambda row: _encoded_8(row[3:])), 8, how=RLE8, table=palette(256)
    ),
    "runs that end early": bmp_file(_runs(indices(20)[:9], _encoded_8), 8, how=RLE8, table=palette(256)),
}
"""Of 16 bits OpenCV, as the vendor's engine, fills the low bits of each colour with zeros; and Pillow wants every pixel of runs coded."""

BMPS_REFUSED = {
    **{
        f"{bits} bits, masks {name}": (bmp_file(pixels, bits, how=MASKS, masks=masks), "unsupported_image", "OpenCV reads other colours")
        for bits, name, pixels, masks in (
            (16, "444", _sixteen(4, 4, 4), struct.pack("<III", 0xF00, 0xF0, 0xF)),
            (32, "10 bits", _of_bytes("BGRX"), struct.pack("<III", 0x3FF00000, 0xFFC00, 0x3FF)),
        )
    },
    "a JPEG inside": (bmp_file(_ROWS_24, 24, how=4), "unsupported_image", "only printers are sent such files"),
    "a last row that is not filled up": (_PLAIN[:-1], "undecodable_image", "a transfer that was cut off ends so, too"),
    "2 bits": (bmp_file(_ROWS_24, 2, table=palette(4)), "unsupported_image", "Windows CE wrote it, and OpenCV does not read it"),
}
"""Each with its code, and the reason."""
