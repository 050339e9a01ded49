"""The fields of a protobuf message in memory, without a schema: enough to find the few parts of an ONNX file that the store reads."""

import mmap
from collections.abc import Iterator
from types import MappingProxyType
from typing import NamedTuple

_SIZES = MappingProxyType({1: 8, 5: 4})  # of the wire types with a fixed size
_VARINT, _BYTES = 0, 2
_VARINT_BYTES = 10  # of 64 bits
MAX_FIELDS = 500_000  # ResNeXt-101 has 12,000, and a list of so many takes some 100 MB


class TooManyFields(IndexError):
    """The message has more fields than that of any network."""


class OnnxField(NamedTuple):
    """A field: the number of the schema, the value of a varint or 0, and the bytes `start` to `end` of another type."""

    number: int
    value: int
    start: int
    end: int


def onnx_fields(data: mmap.mmap, at: int, end: int) -> Iterator[OnnxField]:
    """The fields of the message from `at` to `end`; raises IndexError or KeyError if it is not protobuf, or has too many."""
    for _ in range(MAX_FIELDS):
        if at >= end:
            return
        key, at = _varint(data, at)
        kind = key & 7
        if kind == _VARINT:
            value, at = _varint(data, at)
            yield OnnxField(key >> 3, value, at, at)
            continue
        size, at = _varint(data, at) if kind == _BYTES else (_SIZES[kind], at)
        if at + size > end:
            raise IndexError
        yield OnnxField(key >> 3, 0, at, at + size)
        at += size
    if at < end:
        raise TooManyFields


def _varint(data: mmap.mmap, at: int) -> tuple[int, int]:
    value = 0
    for place in range(_VARINT_BYTES):
        byte = data[at + place]
        value |= (byte & 0x7F) << 7 * place
        if byte < 0x80:
            return value, at + place + 1
    raise IndexError
