"""Reads the first tensor of a serialized MxpiTensorPackageList, in which the vendor's binding returns a network's output.

This project has its own reader, because a server with the vendor's SDK has no protobuf package. It reads the fields of the message that
are needed (tensorPackageVec 1, tensorVec 2, and of a tensor tensorShape 6, dataStr 7, tensorDataType 8) and skips the rest. The
input is not trusted: every length is checked against the available bytes, nothing is copied, and there is no recursion.
"""

from collections.abc import Iterator
from math import prod
from typing import NamedTuple

PACKAGE, TENSOR = 1, 2  # fields
SHAPE, BYTES, TYPE = 6, 7, 8
VARINT, FIXED64, LENGTH, FIXED32 = 0, 1, 2, 5  # kinds of values on the wire
MAX_VARINT_BYTES = 10
MAX_DIMENSIONS = 16

Value = int | memoryview


class NotATensor(ValueError):
    """The bytes are not such a message, or hold no tensor."""


class Tensor(NamedTuple):
    """A tensor: ACL's number of its type (0 is float32), its shape, and its bytes, a view of the message."""

    type: int
    shape: tuple[int, ...]
    data: memoryview

    @property
    def items(self) -> int:
        """The number of items by the shape."""
        return prod(self.shape)


def read_tensor(message: bytes) -> Tensor:
    """The first tensor of the first package; raises NotATensor."""
    return _tensor(_first(_first(memoryview(message), PACKAGE), TENSOR))


def _first(message: memoryview, wanted: int) -> memoryview:
    for number, value in _fields(message):
        if number == wanted and isinstance(value, memoryview):
            return value
    raise NotATensor("The message holds no tensor.")


def _tensor(message: memoryview) -> Tensor:
    """Read a tensor. Of a repeated field the last value counts, and shapes are joined, as in every reader of this format."""
    kind, shape, data = 0, list[int](), memoryview(b"")
    for number, value in _fields(message):
        if number == TYPE and isinstance(value, int):
            kind = _int32(value)
        elif number == BYTES and isinstance(value, memoryview):
            data = value
        elif number == SHAPE:
            shape += map(_int32, _packed(value) if isinstance(value, memoryview) else [value])
            if len(shape) > MAX_DIMENSIONS:
                raise NotATensor(f"The tensor has more than {MAX_DIMENSIONS} dimensions.")
    return Tensor(kind, tuple(shape), data)


def _packed(values: memoryview) -> Iterator[int]:
    at = 0
    while at < len(values):
        value, at = _varint(values, at)
        yield value


def _fields(message: memoryview) -> Iterator[tuple[int, Value]]:
    """Each field and its value. Fixed-size values are returned as bytes; this reader uses none of them."""
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        number, kind = tag >> 3, tag & 7
        if not 0 < number < 1 << 29:
            raise NotATensor("The message is damaged: invalid field number.")
        if kind == VARINT:
            value, at = _varint(message, at)
            yield number, value
            continue
        if kind == LENGTH:
            size, at = _varint(message, at)
        elif kind in (FIXED32, FIXED64):
            size = 4 if kind == FIXED32 else 8
        else:  # groups, which no message of the vendor has
            raise NotATensor("The message is damaged: invalid kind of value.")
        if size > len(message) - at:
            raise NotATensor("The message ends within a value.")
        if kind == LENGTH:
            yield number, message[at : at + size]
        at += size


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    value = 0
    for place, byte in enumerate(message[at : at + MAX_VARINT_BYTES]):
        value |= (byte & 0x7F) << 7 * place
        if byte < 0x80:
            return value & (1 << 64) - 1, at + place + 1
    raise NotATensor("The message ends within a number, or it is too long.")


def _int32(value: int) -> int:
    """The int32 in 64 bits of the wire."""
    value &= (1 << 32) - 1
    return value - (1 << 32) if value >> 31 else value
