"""Codes PNGs of every colour type, depth, interlace and filter (W3C PNG, third edition), which no library writes all of."""

import struct
import zlib
from collections.abc import Sequence
from itertools import cycle

import numpy as np
from numpy.typing import NDArray

from tests.soak.image_seeds import ADAM7, png_chunk

SIGNATURE = b"\x89PNG\r\n\x1a\n"
GREY, COLOURS, PALETTE, GREY_ALPHA, COLOURS_ALPHA = 0, 2, 3, 4, 6
END = png_chunk(b"IEND", b"")
Values = NDArray[np.uint16]
"""(height, width, channels), each value of as many bits as the picture's depth."""


def header(values: Values, colour_type: int, depth: int, *, interlaced: bool = False) -> bytes:
    """IHDR."""
    height, width = values.shape[:2]
    return png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, interlaced))


def rows_of(values: Values, depth: int, filters: Sequence[int] = (0,), *, interlaced: bool = False) -> bytes:
    """The rows of a picture, or of its seven passes, each with a filter; of several filters each row has the next."""
    if interlaced:
        passes = [values[y::down, x::across] for x, y, across, down in ADAM7]
        return b"".join(rows_of(one, depth, filters) for one in passes if one.size)
    bits = np.unpackbits(values.astype(">u2").reshape(*values.shape, 1).view(np.uint8), axis=-1)[..., 16 - depth :]
    packed = np.packbits(bits.reshape(len(values), -1), axis=-1)
    step = max(1, values.shape[2] * depth // 8)
    above = np.zeros(packed.shape[1], np.uint8)
    coded = []
    for row, kind in zip(packed, cycle(filters), strict=False):
        coded.append(bytes([kind]) + (_filtered(row, above, step, kind) if kind else row.tobytes()))
        above = row
    return b"".join(coded)


def _filtered(row: NDArray[np.uint8], above: NDArray[np.uint8], step: int, kind: int) -> bytes:
    left, corner = (np.concatenate([np.zeros(step, np.uint8), each])[: len(row)].astype(int) for each in (row, above))
    up = above.astype(int)
    estimate = left + up - corner
    distances = np.abs([estimate - left, estimate - up, estimate - corner])
    paeth = np.choose(distances.argmin(axis=0), [left, up, corner])
    predicted = (np.zeros_like(up), left, up, (left + up) // 2, paeth)[kind]
    rest: NDArray[np.int64] = (row - predicted) % 256
    return rest.astype(np.uint8).tobytes()


def png_file(head: bytes, coded: bytes, *before: bytes, behind: bytes = b"", piece: int = 1 << 20) -> bytes:
    """A PNG of a header and its compressed rows, which stand in chunks of so many bytes; other chunks stand before and behind them."""
    pixels = [png_chunk(b"IDAT", coded[at : at + piece]) for at in range(0, len(coded), piece)]
    return b"".join([SIGNATURE, head, *before, *pixels, behind, END])


def png_picture(
    values: Values, colour_type: int, depth: int, *before: bytes, filters: Sequence[int] = (0,), interlaced: bool = False
) -> bytes:
    """A PNG of these values."""
    rows = rows_of(values, depth, filters, interlaced=interlaced)
    return png_file(header(values, colour_type, depth, interlaced=interlaced), zlib.compress(rows), *before)
