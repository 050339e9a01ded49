"""Codes JPEGs that Pillow and OpenCV do not write: any sampling, any order of components and scans, any tables (ITU-T T.81).

Huffman codes are those of annex K; the pixels are coded as they are, without a colour transform.
"""

import struct
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from tests.factories.odd_pictures import EOI, JPEG, PLAIN, segment, segments

BASELINE, EXTENDED, PROGRESSIVE_FRAME = 0xC0, 0xC1, 0xC2
_DHT, _DQT, _DRI, _SOS = 0xC4, 0xDB, 0xDD, 0xDA
QUANTS = np.full(64, 6)
_ORDER = sorted(range(64), key=lambda at: (at // 8 + at % 8, at // 8 if (at // 8 + at % 8) % 2 else at % 8))
"""Zigzag: the place in the block of each coefficient in the order of coding."""


class Component(NamedTuple):
    """What a frame header says of a component, and its samples, of the size of the whole picture."""

    id: int
    samples: NDArray[np.uint8]
    across: int = 1
    down: int = 1


class Scan(NamedTuple):
    """The components (by number) of a scan, its first and last coefficient, and its bits: the last one before, and its own."""

    components: tuple[int, ...]
    first: int = 0
    last: int = 63
    high: int = 0
    low: int = 0


def huffman_tables() -> list[bytes]:
    """Contents of annex K's tables, one each, as libjpeg writes them when it does not optimize: DC and AC, of luma and of colour."""
    content = b"".join(body[4:] for marker, body in segments(JPEG) if marker == _DHT)
    found = []
    while content:
        end = 17 + sum(content[1:17])
        found.append(content[:end])
        content = content[end:]
    return found


def _codes(table: bytes) -> dict[int, tuple[int, int]]:
    """The code and its length of each symbol."""
    codes, code, at = {}, 0, 17
    for length, count in enumerate(table[1:17], 1):
        for symbol in table[at : at + count]:
            codes[symbol] = (code, length)
            code += 1
        at += count
        code <<= 1
    return codes


_BY_KIND = {table[0]: _codes(table) for table in huffman_tables()}
_DC, _AC = _BY_KIND[0x00], _BY_KIND[0x10]


class _Bits:
    def __init__(self) -> None:
        self.bits: list[str] = []

    def put(self, value: int, length: int) -> None:
        if length:
            self.bits.append(f"{value:0{length}b}")

    def coded(self, symbol: int, codes: dict[int, tuple[int, int]], value: int = 0) -> None:
        """A symbol, whose low four bits tell the length of the value behind it."""
        self.put(*codes[symbol])
        length = symbol & 15
        self.put(value if value >= 0 else value + (1 << length) - 1, length)

    def taken(self) -> bytes:
        """All up to here, filled with ones to whole bytes, FF written as FF 00."""
        whole = "".join(self.bits)
        self.bits.clear()
        whole += "1" * (-len(whole) % 8)
        return int(whole or "0", 2).to_bytes(len(whole) // 8).replace(b"\xff", b"\xff\0")


def _blocks(component: Component, frame: Sequence[Component], quants: NDArray[np.int64]) -> NDArray[np.int64]:
    """(rows, columns, 64) coefficients in the order of coding, for whole units of the frame."""
    most_across, most_down = (max(getattr(one, side) for one in frame) for side in ("across", "down"))
    height, width = component.samples.shape
    columns, rows = (-(-width // (8 * most_across)) * component.across, -(-height // (8 * most_down)) * component.down)
    step_across, step_down = most_across / component.across, most_down / component.down
    padded = np.pad(component.samples, ((0, 8 * most_down - 1), (0, 8 * most_across - 1)), mode="edge")
    samples = padded[(np.arange(8 * rows) * step_down).astype(int)][:, (np.arange(8 * columns) * step_across).astype(int)]
    found = np.empty((rows, columns, 64), np.int64)
    for row in range(rows):
        for column in range(columns):
            block = samples[8 * row : 8 * row + 8, 8 * column : 8 * column + 8].astype(np.float32) - 128
            found[row, column] = np.rint(cv2.dct(block).reshape(64)[_ORDER] / quants)
    return found


def _one_block(bits: _Bits, block: NDArray[np.int64], before: int, scan: Scan) -> int:
    """Code what a scan has of a block; returns its DC value."""
    low = int(block[0]) >> scan.low
    if scan.first == 0:
        if scan.high:
            bits.put(low & 1, 1)
        else:
            bits.coded(abs(low - before).bit_length(), _DC, low - before)
    run = 0
    band = [int(value) for value in block[max(scan.first, 1) : scan.last + 1]]
    for value in (abs(each) >> scan.low if each >= 0 else -(abs(each) >> scan.low) for each in band):
        if value == 0:
            run += 1
            continue
        while run > 15:
            bits.coded(0xF0, _AC)
            run -= 16
        bits.coded(run << 4 | abs(value).bit_length(), _AC, value)
        run = 0
    if run:
        bits.coded(0, _AC)
    return low


def _units(scan: Scan, frame: Sequence[Component], blocks: Sequence[NDArray[np.int64]]) -> Iterable[list[tuple[int, NDArray[np.int64]]]]:
    """The blocks of each unit of a scan, with the number of their component."""
    if len(scan.components) == 1:  # as many as the component has, without those that fill up a unit
        (number,) = scan.components
        one = frame[number]
        most_across, most_down = (max(getattr(other, side) for other in frame) for side in ("across", "down"))
        height, width = one.samples.shape
        for row in range(-(-(height * one.down) // (8 * most_down))):
            for column in range(-(-(width * one.across) // (8 * most_across))):
                yield [(number, blocks[number][row, column])]
        return
    first = frame[scan.components[0]]
    for row in range(len(blocks[scan.components[0]]) // first.down):
        for column in range(blocks[scan.components[0]].shape[1] // first.across):
            yield [
                (number, blocks[number][row * frame[number].down + down, column * frame[number].across + across])
                for number in scan.components
                for down in range(frame[number].down)
                for across in range(frame[number].across)
            ]


def scan_of(scan: Scan, frame: Sequence[Component], restart: int = 0, quants: NDArray[np.int64] = QUANTS) -> bytes:
    """A scan with its header; `restart` units stand between two restarts."""
    blocks = [_blocks(component, frame, quants) for component in frame]
    content = bytes([len(scan.components)]) + b"".join(bytes([frame[number].id, 0]) for number in scan.components)
    coded = [segment(_SOS, content + bytes([scan.first, scan.last, scan.high << 4 | scan.low]))]
    bits, before = _Bits(), dict.fromkeys(scan.components, 0)
    for count, unit in enumerate(_units(scan, frame, blocks)):
        if restart and count and count % restart == 0:
            coded += [bits.taken(), bytes([0xFF, 0xD0 + (count // restart - 1) % 8])]
            before = dict.fromkeys(scan.components, 0)
        for number, block in unit:
            before[number] = _one_block(bits, block, before[number], scan)
    return b"".join([*coded, bits.taken()])


def frame_header(frame: Sequence[Component], kind: int = BASELINE, table: int = 0) -> bytes:
    """SOF."""
    height, width = frame[0].samples.shape
    each = b"".join(bytes([one.id, one.across << 4 | one.down, table]) for one in frame)
    return segment(kind, struct.pack(">BHHB", 8, height, width, len(frame)) + each)


def quant_table(quants: NDArray[np.int64] = QUANTS, number: int = 0, *, wide: bool = False) -> bytes:
    """DQT with one table, of bytes or of 16 bits."""
    return segment(_DQT, bytes([wide << 4 | number]) + quants.astype(">u2" if wide else np.uint8).tobytes())


def jpeg_of(frame: Sequence[Component], *scans: Scan, kind: int = BASELINE, restart: int = 0, before: bytes = b"") -> bytes:
    """A JPEG of these scans, by default one of all components; `before` stands behind its start."""
    tables = b"".join(segment(_DHT, table) for table in huffman_tables())
    interval = segment(_DRI, struct.pack(">H", restart)) if restart else b""
    coded = b"".join(scan_of(scan, frame, restart) for scan in scans or [Scan(tuple(range(len(frame))))])
    return PLAIN[:2] + before + quant_table() + frame_header(frame, kind) + tables + interval + coded + EOI
