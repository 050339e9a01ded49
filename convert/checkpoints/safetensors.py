"""Reads a safetensors file, without the library of that name and without trusting a byte.

After https://github.com/huggingface/safetensors ("Format"): a u64 with the header's length, a JSON header of name -> {"dtype",
"shape", "data_offsets"}, then the elements, without holes and without overlaps.
"""

import json
import math
from dataclasses import dataclass
from itertools import pairwise
from typing import NoReturn

import numpy as np

from convert.checkpoints.bfloat16 import BFLOAT16, widened
from convert.checkpoints.malformed import Malformed
from convert.checkpoints.parameters import LeftOut, state_dict_of, without_training_state
from convert.checkpoints.weight_file import WeightFile

MAX_HEADER_BYTES = 8 << 20  # ResNeXt-101's has 0.07 MB
MAX_DIMENSIONS = 8

_LENGTH = np.dtype("<u8")
_METADATA = "__metadata__"
_DTYPES = {
    "BOOL": np.dtype("?"),
    "U8": np.dtype("u1"),
    "I8": np.dtype("i1"),
    "U16": np.dtype("<u2"),
    "I16": np.dtype("<i2"),
    "U32": np.dtype("<u4"),
    "I32": np.dtype("<i4"),
    "U64": np.dtype("<u8"),
    "I64": np.dtype("<i8"),
    "F16": np.dtype("<f2"),
    "BF16": BFLOAT16,
    "F32": np.dtype("<f4"),
    "F64": np.dtype("<f8"),
}


@dataclass(frozen=True, slots=True)
class _Piece:
    """A tensor of the file; `begin` and `end` count bytes from the end of the header."""

    dtype: np.dtype
    shape: tuple[int, ...]
    begin: int
    end: int


def read_safetensors(file: WeightFile) -> tuple[dict[str, np.ndarray], LeftOut]:
    """The network's tensors by parameter name, contiguous, in the type they were saved in, and what is left out.

    Raises Malformed, with the tensor's name, for anything the format's description does not allow.
    """
    length = int(file.array(0, _LENGTH, 1)[0])
    data = _LENGTH.itemsize + length
    if length > MAX_HEADER_BYTES or data > file.size_bytes:
        raise Malformed(f"its header claims {length} bytes; the file has {file.size_bytes}, and a header at most {MAX_HEADER_BYTES}")
    header = _parse(file.read(_LENGTH.itemsize, length))
    metadata = header.pop(_METADATA, {})
    pieces = {name: _piece(name, value) for name, value in header.items()}
    _check_places(pieces, file.size_bytes - data)
    network, left_out = state_dict_of(pieces, _Piece)
    if isinstance(metadata, dict) and metadata.get("format") == "ms":  # MindSpore's, optimiser and all
        names, left_out = without_training_state(network)
        network = {name: network[name] for name in names}
    return {name: _load(file, data, piece) for name, piece in network.items()}, left_out


def _load(file: WeightFile, data: int, piece: _Piece) -> np.ndarray:
    return widened(file.array(data + piece.begin, piece.dtype, math.prod(piece.shape)).reshape(piece.shape))


def _parse(text: bytes) -> dict[str, object]:
    try:
        header = json.loads(text.decode(), object_pairs_hook=_unique, parse_constant=_refuse, parse_float=_refuse)
    except (ValueError, RecursionError) as error:
        raise Malformed(f"its header is not the JSON of safetensors: {str(error)[:200]}") from error
    if not isinstance(header, dict):
        raise Malformed("its header is not a JSON object")
    return header


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise Malformed("a name comes twice")
    return found


def _refuse(number: str) -> NoReturn:
    raise Malformed(f"{number[:40]} is no size")


def _piece(name: str, value: object) -> _Piece:
    match value:
        case {"dtype": str(kind), "shape": list(shape), "data_offsets": [int(begin), int(end)], **rest} if not rest:
            pass
        case _:
            raise Malformed(f"{name[:100]!r} is not described as safetensors does it")
    if kind not in _DTYPES:
        raise Malformed(f"{name[:100]!r} is of type {kind[:40]!r}, which no parameter has")
    if len(shape) > MAX_DIMENSIONS or not all(type(count) is int and count > 0 for count in shape):
        raise Malformed(f"{name[:100]!r} has an impossible shape")
    dtype = _DTYPES[kind]
    if type(begin) is not int or type(end) is not int or begin < 0 or math.prod(shape) * dtype.itemsize != end - begin:
        raise Malformed(f"{name[:100]!r} has {end - begin} bytes, which do not fit its shape")
    return _Piece(dtype, tuple(shape), begin, end)


def _check_places(pieces: dict[str, _Piece], data_bytes: int) -> None:
    """Raises Malformed if the tensors, one after the other, are not exactly what follows the header."""
    in_order = sorted(pieces.items(), key=lambda item: item[1].begin)
    if in_order and in_order[0][1].begin:
        raise Malformed(f"there is a hole before {in_order[0][0][:100]!r}")
    for (_, before), (name, piece) in pairwise(in_order):
        if piece.begin != before.end:
            raise Malformed(f"{name[:100]!r} overlaps with the tensor before it, or there is a hole")
    if (end := in_order[-1][1].end if in_order else 0) != data_bytes:
        raise Malformed(f"the file is truncated, or something follows: its tensors have {end} bytes, {data_bytes} are there")
