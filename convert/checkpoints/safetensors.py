"""Reads a safetensors file with the library of that name, after a check of its header's size; reads only the network's tensors.

The library checks types, shapes and places against each other and against the file, for holes and overlaps. It reads
the file instead of mapping it: if a mapped file is truncated, the process is killed.
"""

import json
from typing import Any

import ml_dtypes  # noqa: F401 - by which NumPy, and so the library, knows bfloat16
import numpy as np
from safetensors import SafetensorError, safe_open

from convert.checkpoints.bfloat16 import widened
from convert.checkpoints.malformed import Malformed
from convert.checkpoints.parameters import Selected, named_architecture, state_dict_of, without_training_state
from convert.checkpoints.weight_file import WeightFile

MAX_HEADER_BYTES = 8 << 20  # ResNeXt-101's has 0.07 MB
MAX_DIMENSIONS = 8

_LENGTH = np.dtype("<u8")
_TYPES = {"BOOL", "U8", "I8", "U16", "I16", "U32", "I32", "U64", "I64", "F16", "BF16", "F32", "F64"}


def read_safetensors(file: WeightFile) -> Selected[np.ndarray]:
    """The network's tensors by parameter name, contiguous, in their saved type.

    Raises Malformed for anything that the format does not allow, or that no network has.
    """
    length = int(file.array(0, _LENGTH, 1)[0])
    if length > MAX_HEADER_BYTES or _LENGTH.itemsize + length > file.size_bytes:
        raise Malformed(f"its header claims {length} bytes; the file has {file.size_bytes}, and the limit is {MAX_HEADER_BYTES}")
    try:
        with safe_open(
            f"/dev/fd/{file.stream.fileno()}", framework="np", backend="pread"
        ) as opened:  # this very file, even if it was renamed
            json.loads(file.read(_LENGTH.itemsize, length), object_pairs_hook=_unique)
            found = state_dict_of({name: name for name in opened.keys()}, str)  # noqa: SIM118 - it is not a mapping
            if (opened.metadata() or {}).get("format") == "ms":  # from MindSpore, with the optimiser
                network, left_out = without_training_state(found.tensors)
                found = Selected({name: found.tensors[name] for name in network}, left_out, found.told)
            tensors = {name: _load(opened, stored) for name, stored in found.tensors.items()}
            return Selected(tensors, found.left_out, found.told, named_architecture(opened.metadata() or {}))
    except SafetensorError as error:
        raise Malformed(f"it is damaged or cut off: {str(error)[:200]}") from error


def _load(opened: Any, name: str) -> np.ndarray:  # noqa: ANN401 - the library has no types
    piece = opened.get_slice(name)
    kind, shape = piece.get_dtype(), piece.get_shape()
    if kind not in _TYPES:
        raise Malformed(
            f"{name[:100]!r} is of type {kind!r}, which is not read; save the weights from before the quantisation, or as float16"
        )
    if len(shape) > MAX_DIMENSIONS or 0 in shape:
        raise Malformed(f"{name[:100]!r} has an impossible shape")
    return widened(opened.get_tensor(name))


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """A JSON object; raises Malformed for a repeated name, because the library uses the last value and other readers the first."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise Malformed("a name comes twice")
    return found
