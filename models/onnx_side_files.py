"""The files beside an ONNX file in which it keeps weights ("external data" in onnx.proto). The manifest has no sha256 of them."""

import mmap
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

# By message, the numbers of the fields that lead to tensors, and the messages that they hold (onnx.proto).
_WAYS: Mapping[str, Mapping[int, str]] = MappingProxyType(
    {
        "model": {7: "graph", 20: "training", 25: "function"},
        "training": {1: "graph", 2: "graph"},
        "function": {7: "node", 11: "attribute"},
        "graph": {1: "node", 5: "tensor", 15: "sparse"},
        "node": {5: "attribute"},
        "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
        "sparse": {1: "tensor", 2: "tensor"},
        "tensor": {13: "entry"},
    }
)
_KEY, _VALUE, _LOCATION = 1, 2, b"location"
_SIZES = MappingProxyType({1: 8, 5: 4})  # of the wire types with a fixed size
_VARINT, _BYTES = 0, 2


def side_files(path: Path) -> list[str]:
    """The names that the tensors of an ONNX file give, sorted; none for a file that is not one. Raises OSError."""
    if not path.stat().st_size:
        return []
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        found: set[str] = set()
        waiting = [("model", 0, len(data))]
        try:
            while waiting:
                message, start, end = waiting.pop()
                fields = list(_fields(data, start, end))
                if message == "entry":
                    found |= {
                        data[at:to].decode("utf-8", "replace") for number, at, to in fields if number == _VALUE and _names(data, fields)
                    }
                else:
                    waiting += [(_WAYS[message][number], at, to) for number, at, to in fields if number in _WAYS[message]]
        except (IndexError, KeyError):  # not protobuf: what loads the file will say so
            return []
    return sorted(found)


def _names(data: mmap.mmap, fields: list[tuple[int, int, int]]) -> bool:
    return any(number == _KEY and data[at:to] == _LOCATION for number, at, to in fields)


def _fields(data: mmap.mmap, at: int, end: int) -> Iterator[tuple[int, int, int]]:
    """The number, start and end of each field with bytes; raises IndexError or KeyError if it is not protobuf."""
    while at < end:
        key, at = _varint(data, at)
        kind = key & 7
        if kind == _VARINT:
            _, at = _varint(data, at)
            continue
        size, at = _varint(data, at) if kind == _BYTES else (_SIZES[kind], at)
        if at + size > end:
            raise IndexError
        yield key >> 3, at, at + size
        at += size


def _varint(data: mmap.mmap, at: int) -> tuple[int, int]:
    value = shift = 0
    while (byte := data[at]) >= 0x80:
        value |= (byte & 0x7F) << shift
        shift, at = shift + 7, at + 1
    return value | byte << shift, at + 1
