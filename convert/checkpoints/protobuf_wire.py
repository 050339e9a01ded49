"""Reads the wire format of protocol buffers from a file, as far as a checkpoint needs it; skipped fields are not read.

After https://protobuf.dev/programming-guides/encoding. The `protobuf` package would hold the whole file in memory twice.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from convert.checkpoints.malformed import Malformed
from convert.checkpoints.weight_file import WeightFile

_VARINT, _BYTES = 0, 2
_MAX_VARINT_BYTES = 10


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a message: its number value, or its range of bytes in the file."""

    number: int
    value: int | range


def fields(file: WeightFile, message: range, most: int) -> Iterator[Field]:
    """The fields of the message in these bytes of the file, in order; raises Malformed for invalid data or for more than `most` fields."""
    position, found = message.start, 0
    while position < message.stop:
        if (found := found + 1) > most:
            raise Malformed(f"byte {message.start}: a message has more than {most} fields")
        window = file.read(position, min(2 * _MAX_VARINT_BYTES, message.stop - position))
        tag, used = _varint(window, 0, position)
        number, kind = tag >> 3, tag & 7
        if not number or kind not in (_VARINT, _BYTES):
            raise Malformed(f"byte {position}: this is not a checkpoint of MindSpore (field {number}, wire type {kind})")
        value, used = _varint(window, used, position)
        start = position + used
        position = start + value if kind == _BYTES else start
        if position > message.stop:
            raise Malformed(f"the file is truncated, or damaged: a field of {value} bytes at byte {start} ends beyond its message")
        yield Field(number, range(start, position) if kind == _BYTES else value)


def varints(data: bytes, position: int) -> list[int]:
    """A packed list of numbers; `position` is its place in the file."""
    found, used = [], 0
    while used < len(data):
        value, used = _varint(data, used, position)
        found.append(value)
    return found


def _varint(data: bytes, start: int, position: int) -> tuple[int, int]:
    """The number at `start` of the data, and its end."""
    value = 0
    for index, byte in enumerate(data[start : start + _MAX_VARINT_BYTES]):
        value |= (byte & 0x7F) << 7 * index
        if byte < 0x80:
            return value, start + index + 1
    raise Malformed(f"byte {position}: a number has no end; the file is truncated or damaged")
