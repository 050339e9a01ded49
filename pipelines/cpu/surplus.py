"""Cuts off what stands behind the last row of a picture, for decoders that warn of it.

Webcams, scanners and some writers of PNG leave bytes or rows there. All rows come before them, so the picture is whole. The text of a
warning is lost (decoder_warnings.py), so the picture without the surplus is decoded once more: a fault inside it shows again.
"""

import struct
import zlib
from collections.abc import Iterator, Sequence

from pipelines.cpu.jpeg_segments import DHT, SOS, segments

_EOI = b"\xff\xd9"
_SEQUENTIAL = {0xC0, 0xC1}
_COMPONENTS = {1, 3}
_PNG = b"\x89PNG\r\n\x1a\n"
_PNG_END = b"\0\0\0\0IEND\xaeB`\x82"
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))  # x, y, steps in x and y
_STEP_BYTES = 64 * 1024
MOST_SURPLUS_BYTES = 16 * 1024 * 1024
"""Behind the last row of a PNG: some 35 ms of inflating. Two megabytes of coded bytes could become two gigabytes there."""
_MOST_INFLATED = 1032
"""Bytes that one byte of Deflate can become: 258 of two bits."""
_RECODED_FILES, _RECODED_ROWS = 2, 16
"""Rows that are coded anew, fast, may become twice the file and a sixteenth of themselves: half a byte of a pixel at most."""


def without_surplus(data: bytes) -> bytes | None:
    """The image without what may stand behind its last row; None if nothing can be cut off, or if rows are missing."""
    if data.startswith(_PNG):
        return _exact_png(data)
    return data[: -len(_EOI)] if data.endswith(_EOI) and _has_one_scan(data) else None


def _has_one_scan(data: bytes) -> bool:
    """Whether it is a JPEG of one Huffman-coded scan.

    Of such a one OpenCV can read all rows without an end: it then looks for no marker behind them, and fails if rows are missing.
    """
    found, tables, scanned = 0, False, 0
    for marker, start, _ in segments(data):
        if marker == SOS:
            scanned = data[start + 4] if start + 4 < len(data) else 0
        tables |= marker == DHT
        if marker in _SEQUENTIAL and start + 10 <= len(data):
            found = data[start + 9]
    return tables and found in _COMPONENTS and scanned == found


def _exact_png(data: bytes) -> bytes | None:
    """The PNG with its rows and no more, in one pixel chunk; no larger than the file, or than `_recoded` allows.

    None too if the stream of pixels does not end, or with a wrong sum, or far behind the rows.
    """
    first = _first_pixels(data)
    if first is None:
        return None
    wanted, found = rows_bytes(data), 0
    inflate, pieces = zlib.decompressobj(), _coded(data, first)
    try:
        for rows in _inflated(inflate, pieces):
            found += len(rows)
            if found > wanted + MOST_SURPLUS_BYTES:
                return None
    except zlib.error:
        return None
    behind = len(inflate.unused_data) + sum(map(len, pieces))
    if not inflate.eof or found < wanted or (found == wanted and not behind):
        return None
    coded = _recoded(data, first, wanted) if found > wanted else list(_beginning(data, first, behind))
    return b"".join((memoryview(data)[:first], *_chunk(coded), _PNG_END)) if coded else None


def _beginning(data: bytes, first: int, behind: int) -> Iterator[memoryview]:
    """The coded pixels without the last bytes."""
    left = sum(map(len, _coded(data, first))) - behind
    for piece in _coded(data, first):
        yield piece[:left]
        left = max(0, left - len(piece))


def _recoded(data: bytes, first: int, wanted: int) -> Sequence[bytes]:
    """The first bytes of the rows, coded anew, since a stream cannot be cut inside; nothing if they become far larger than they were.

    The price of a picture (server/images/decode_cost.py) has room for its pixels, but not for its rows beside them.
    """
    deflate, left = zlib.compressobj(1), wanted
    parts: list[bytes] = []
    room = _RECODED_FILES * len(data) + wanted // _RECODED_ROWS
    for rows in _inflated(zlib.decompressobj(), _coded(data, first)):
        parts.append(deflate.compress(rows[:left]))
        left = max(0, left - len(rows))
        room -= len(parts[-1])
        if room < 0:
            return ()
        if not left:
            break
    return (*parts, deflate.flush())


def _inflated(inflate: "zlib._Decompress", pieces: Iterator[memoryview]) -> Iterator[bytes]:
    """What the coded pieces become, in steps; takes no piece behind the end of the stream. Raises zlib.error."""
    for piece in pieces:
        rest: bytes | memoryview = piece
        while not inflate.eof:
            rows = inflate.decompress(rest, _STEP_BYTES)
            rest = inflate.unconsumed_tail
            if not rows and not rest:
                break
            yield rows
        if inflate.eof:
            return


def may_have_endless_rows(png: bytes) -> bool:
    """Whether a PNG has enough bytes for more than MOST_SURPLUS_BYTES behind its last row."""
    surplus = _MOST_INFLATED * len(png) - MOST_SURPLUS_BYTES
    return surplus > 0 and surplus > rows_bytes(png)


def has_endless_rows(png: bytes) -> bool:
    """Whether more than MOST_SURPLUS_BYTES stand behind the last row of a PNG: libpng would inflate them all. Inflates no more than these.

    Where the coded bytes are damaged it stops, as libpng does.
    """
    first = _first_pixels(png)
    left = rows_bytes(png) + MOST_SURPLUS_BYTES
    inflate = zlib.decompressobj()
    try:
        for piece in _coded(png, first) if first else ():
            rest: bytes | memoryview = piece
            while rest and left >= 0 and not inflate.eof:  # at the end what was not consumed stays as it was
                left -= len(inflate.decompress(rest, _STEP_BYTES))
                rest = inflate.unconsumed_tail
            if inflate.eof or left < 0:
                break
    except zlib.error:
        return False
    return left < 0


def _first_pixels(data: bytes) -> int | None:
    """Where the first pixel chunk starts. The name alone would also be found inside a palette."""
    at = len(_PNG)
    while at + 12 <= len(data):
        if data[at + 4 : at + 8] == b"IDAT":
            return at
        at += 12 + int.from_bytes(data[at : at + 4])
    return None


def rows_bytes(data: bytes) -> int:
    """The bytes of all rows, each with the one that names its filter."""
    width_px, height_px, depth, colour_type, _, _, interlace = struct.unpack_from(">IIBBBBB", data, 16)
    bits = _CHANNELS.get(colour_type, 0) * depth
    passes = _ADAM7 if interlace else ((0, 0, 1, 1),)
    sides = [(max(0, -(-(width_px - x) // dx)), max(0, -(-(height_px - y) // dy))) for x, y, dx, dy in passes]
    return sum(down * (1 + (across * bits + 7) // 8) for across, down in sides if across)


def _coded(data: bytes, at: int) -> Iterator[memoryview]:
    """The content of the pixel chunks, in pieces."""
    view = memoryview(data)
    while data[at + 4 : at + 8] == b"IDAT":
        end = at + 8 + int.from_bytes(data[at : at + 4])
        for start in range(at + 8, end, _STEP_BYTES):
            yield view[start : min(start + _STEP_BYTES, end)]
        at = end + 4


def _chunk(contents: Sequence[bytes | memoryview]) -> list[bytes | memoryview]:
    """A pixel chunk, in parts."""
    checksum = zlib.crc32(b"IDAT")
    for content in contents:
        checksum = zlib.crc32(content, checksum)
    return [sum(map(len, contents)).to_bytes(4), b"IDAT", *contents, checksum.to_bytes(4)]
