"""Reads a PyTorch checkpoint of the legacy (non-zip) format without torch, and without trusting a byte of it.

The file is four pickles (magic number, protocol number, facts about the machine, the state dict) and a fifth with the keys
of the storages; then, key by key, an int64 count of elements and the raw elements.
"""

from pathlib import Path

import numpy as np

from convert.errors import CheckpointRefused
from convert.state_dict_pickle import Cursor, Malformed, Storage, Tensor, run_pickle

MAX_FILE_BYTES = 1 << 30  # ResNeXt-101 32x4d has 0.18 GB
MAX_TENSORS = 4096

_MAGIC = 0x1950A86A20F9469CFC6C
_PROTOCOL = 1001
_REMEDY = "Save it again with torch.save(model.state_dict(), path, _use_new_zipfile_serialization=False)."


def read_checkpoint(path: Path) -> dict[str, np.ndarray]:
    """The tensors of a legacy PyTorch checkpoint by parameter name, contiguous, in the type they were saved in.

    Raises CheckpointRefused, with the byte offset, for anything that is not exactly a state dict of plain tensors.
    """
    try:
        if not path.is_file():
            raise CheckpointRefused(f"{path}: there is no such file.")
        size_bytes = path.stat().st_size
        if size_bytes > MAX_FILE_BYTES:
            raise CheckpointRefused(f"{path}: {size_bytes} bytes are more than the {MAX_FILE_BYTES} a checkpoint may have.")
        file = Cursor(path.read_bytes())
    except OSError as error:
        raise CheckpointRefused(f"{path}: {error.strerror}.") from error
    try:
        return _read(file)
    except ValueError as error:
        raise CheckpointRefused(f"{path}: byte {file.position}: {error}.", _REMEDY) from error


def _read(file: Cursor) -> dict[str, np.ndarray]:
    _read_header(file)
    tensors = _read_state_dict(file)
    starts = _read_storages(file, {tensor.storage for tensor in tensors.values()})
    return {name: _view(file.data, starts[tensor.storage], tensor).copy(order="C") for name, tensor in tensors.items()}


def _read_header(file: Cursor) -> None:
    if file.data.startswith(b"PK\x03\x04"):
        raise Malformed("this is a zip checkpoint, the other of torch's two formats")
    if not file.data.startswith(b"\x80\x02") or run_pickle(file) != _MAGIC:
        raise Malformed("this is not a legacy PyTorch checkpoint; its magic number is wrong")
    if (protocol := run_pickle(file)) != _PROTOCOL:
        raise Malformed(f"its serialization protocol is not {_PROTOCOL}" + (f" but {protocol}" if type(protocol) is int else ""))
    facts = run_pickle(file)
    if not isinstance(facts, dict) or facts.get("little_endian") is not True:
        raise Malformed("it was written on a big-endian machine, or does not say")


def _read_state_dict(file: Cursor) -> dict[str, Tensor]:
    state = run_pickle(file)
    if not isinstance(state, dict):
        raise Malformed("it does not hold a state dict")
    if len(state) > MAX_TENSORS:
        raise Malformed(f"it holds {len(state)} tensors, more than {MAX_TENSORS}")
    for name, value in state.items():
        if not isinstance(value, Tensor):
            raise Malformed(f"{name[:100]!r} is not a tensor; this is more than a state dict")
    # Overlapping or stride-0 tensors could ask for far more memory than the file is long; honest ones cannot.
    if (wanted := sum(tensor.bytes for tensor in state.values())) > len(file.data):
        raise Malformed(f"its tensors claim {wanted} bytes, the whole file has {len(file.data)}")
    return state


def _read_storages(file: Cursor, storages: set[Storage]) -> dict[Storage, int]:
    """Where each storage's elements begin in the file."""
    keys = run_pickle(file)
    by_key = {storage.key: storage for storage in storages}
    if not isinstance(keys, list) or len(by_key) < len(storages) or len(keys) != len(by_key):
        raise Malformed("its list of storages does not fit its tensors")
    starts = {}
    for key in keys:
        if not isinstance(key, str) or key not in by_key:
            raise Malformed("its list of storages names one that no tensor uses, or one twice")
        storage = by_key.pop(key)
        if (found := file.number("<q")) != storage.elements:
            raise Malformed(f"storage {key[:40]!r} has {found} elements, {storage.elements} were announced")
        starts[storage] = file.position
        file.skip(storage.elements * storage.dtype.itemsize)
    if file.left:
        raise Malformed(f"{file.left} bytes follow where the file should end")
    return starts


def _view(data: bytes, start: int, tensor: Tensor) -> np.ndarray:
    item_bytes = tensor.storage.dtype.itemsize
    strides = tuple(step * item_bytes for step in tensor.strides)
    return np.ndarray(tensor.shape, tensor.storage.dtype, data, start + tensor.offset * item_bytes, strides)
