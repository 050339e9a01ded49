"""Reads a MindSpore checkpoint (.ckpt) without MindSpore, and without trust in its content.

The file is a protobuf, after checkpoint.proto of MindSpore 1.0 to 2.10:

    message Checkpoint { repeated Value value = 1; }
    message Value { required string tag = 1; TensorProto tensor = 2 or MapTensorProto maptensor = 3; }
    message TensorProto { repeated int64 dims = 1; required string tensor_type = 2; required bytes tensor_content = 3; }

A parameter of more than 512 MiB is split over several values of one tag; each has the dims of the whole. With crc_check=True
the file ends in "crc_num" and the CRC-32 of all bytes before it in ten bytes, big-endian.
"""

import math
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from convert.checkpoints.bfloat16 import BFLOAT16, widened
from convert.checkpoints.malformed import Malformed
from convert.checkpoints.parameters import MAX_TENSORS, Selected, without_training_state
from convert.checkpoints.protobuf_wire import fields, varints
from convert.checkpoints.weight_file import WeightFile

MAX_VALUES = 4 * MAX_TENSORS  # with two moments of an optimiser
MAX_NAME_BYTES = 1024
MAX_DIMENSIONS = 8

_TRAILER = b"crc_num"
_TRAILER_BYTES = len(_TRAILER) + 10
_CHUNK_BYTES = 1 << 20
_BYTE = np.dtype(np.uint8)
_DTYPES = {
    "Bool": np.dtype("?"),
    "UInt8": np.dtype("u1"),
    "Int8": np.dtype("i1"),
    "UInt16": np.dtype("<u2"),
    "Int16": np.dtype("<i2"),
    "UInt32": np.dtype("<u4"),
    "Int32": np.dtype("<i4"),
    "UInt64": np.dtype("<u8"),
    "Int64": np.dtype("<i8"),
    "Float16": np.dtype("<f2"),
    "BFloat16": BFLOAT16,
    "Float32": np.dtype("<f4"),
    "Float64": np.dtype("<f8"),
}


@dataclass(frozen=True, slots=True)
class _Value:
    """A parameter, or a slice of one."""

    tag: str
    kind: str
    dims: tuple[int, ...]
    content: range


def read_mindspore_ckpt(file: WeightFile) -> Selected[np.ndarray]:
    """The network's tensors by parameter name, contiguous, in their saved type.

    Raises Malformed, with the byte offset or the parameter's name, for content that MindSpore would not write.
    """
    slices: dict[str, list[_Value]] = {}
    for value in _values(file):
        slices.setdefault(value.tag, []).append(value)
    names, left_out = without_training_state(slices)
    if not names:
        raise Malformed("it holds no parameter of a network")
    if len(names) > MAX_TENSORS:
        raise Malformed(f"it holds {len(names)} tensors, more than {MAX_TENSORS}")
    return Selected({name: _load(file, slices[name]) for name in names}, left_out)


def _values(file: WeightFile) -> Iterator[_Value]:
    for field in fields(file, range(_checked_end(file)), MAX_VALUES):
        if field.number != 1 or not isinstance(field.value, range):
            raise Malformed(f"this is not a checkpoint of MindSpore (field {field.number})")
        yield _value(file, field.value)


def _checked_end(file: WeightFile) -> int:
    """The end of the protobuf, after a check of the checksum, if there is one."""
    end = file.size_bytes - _TRAILER_BYTES
    if end < 0 or file.read(end, len(_TRAILER)) != _TRAILER:
        return file.size_bytes
    crc = 0
    for start in range(0, end, _CHUNK_BYTES):
        crc = zlib.crc32(file.array(start, _BYTE, min(_CHUNK_BYTES, end - start)).data, crc)
    if crc != int.from_bytes(file.read(end + len(_TRAILER), 10), "big"):
        raise Malformed("it is damaged: its checksum is wrong")
    return end


def _value(file: WeightFile, message: range) -> _Value:
    parts = {field.number: field.value for field in fields(file, message, 2)}
    tag, tensor = parts.get(1), parts.get(2)
    if 3 in parts:
        raise Malformed(f"byte {message.start}: a value is a hash table, which no classification network has")
    if not isinstance(tag, range) or not isinstance(tensor, range):
        raise Malformed(f"byte {message.start}: a value has no name or no tensor")
    name, kind, content = _text(file, tag), "", None
    dims: list[int] = []
    for field in fields(file, tensor, MAX_DIMENSIONS + 2):
        match field.number, field.value:
            case 1, int(count):
                dims.append(count)
            case 1, range() as packed if len(packed) <= 10 * MAX_DIMENSIONS:
                dims += varints(file.read(packed.start, len(packed)), packed.start)
            case 2, range() as text:
                kind = _text(file, text)
            case 3, range() as place:
                content = place
            case _:
                raise Malformed(f"{name[:100]!r} is not described in MindSpore's form")
    if len(dims) > MAX_DIMENSIONS:
        raise Malformed(f"{name[:100]!r} has more than {MAX_DIMENSIONS} dimensions")
    if content is None:
        raise Malformed(f"{name[:100]!r} has no content")
    return _Value(name, kind, tuple(dims), content)


def _text(file: WeightFile, place: range) -> str:
    if len(place) > MAX_NAME_BYTES:
        raise Malformed(f"byte {place.start}: a name has {len(place)} bytes, more than {MAX_NAME_BYTES}")
    return file.read(place.start, len(place)).decode()


def _load(file: WeightFile, slices: list[_Value]) -> np.ndarray:
    first = slices[0]
    name, dtype = first.tag, _DTYPES.get(first.kind)
    if dtype is None:
        raise Malformed(f"{name[:100]!r} is of type {first.kind[:40]!r}, which no parameter has")
    if any((value.kind, value.dims) != (first.kind, first.dims) for value in slices):
        raise Malformed(f"{name[:100]!r} comes twice, and not as slices of one parameter")
    found = sum(len(value.content) for value in slices)
    shape = () if first.dims == (0,) else first.dims  # so MindSpore writes a scalar
    if found != math.prod(shape) * dtype.itemsize:
        raise Malformed(f"{name[:100]!r} has {found} bytes, which do not fit its shape {shape}")
    if len(slices) == 1:
        return widened(file.array(first.content.start, dtype, math.prod(shape)).reshape(shape))
    raw = np.concatenate([file.array(value.content.start, _BYTE, len(value.content)) for value in slices])
    return widened(raw.view(dtype).reshape(shape))
