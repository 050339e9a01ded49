"""The files beside an ONNX file in which it keeps weights ("external data" in onnx.proto). The manifest has no sha256 of them."""

import mmap
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from models.model_errors import ArtifactDamaged
from models.onnx_fields import MAX_FIELDS, OnnxField, TooManyFields, onnx_fields

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


def side_files(path: Path) -> list[str]:
    """The names that the tensors of an ONNX file give, sorted; none for a file that is not one.

    Raises OSError, and ArtifactDamaged for a file with more fields than any network has.
    """
    if not path.stat().st_size:
        return []
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        try:
            return sorted(_locations(data))
        except TooManyFields as error:
            raise ArtifactDamaged(f"{path} has more than {MAX_FIELDS} fields.", "No classification network has as many.") from error
        except (IndexError, KeyError):  # not protobuf: what loads the file will say so
            return []


def _locations(data: mmap.mmap) -> set[str]:
    found: set[str] = set()
    waiting, seen = [("model", 0, len(data))], 0
    while waiting:
        message, start, end = waiting.pop()
        fields = list(onnx_fields(data, start, end))
        seen += len(fields)
        if seen > MAX_FIELDS:
            raise TooManyFields
        if message != "entry":
            ways = _WAYS[message]
            waiting += [(ways[each.number], each.start, each.end) for each in fields if each.number in ways]
        elif _names(data, fields):
            found |= {data[each.start : each.end].decode("utf-8", "replace") for each in fields if each.number == _VALUE}
    return found


def _names(data: mmap.mmap, fields: list[OnnxField]) -> bool:
    return any(each.number == _KEY and data[each.start : each.end] == _LOCATION for each in fields)
