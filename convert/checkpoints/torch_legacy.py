"""Reads a PyTorch checkpoint of the legacy (non-zip) format without torch, and without trust in its content.

The file is four pickles (magic number, protocol number, facts about the machine, the saved object) and a fifth with the keys
of the storages; then for each key an int64 count of elements and the raw elements.
"""

import numpy as np

from convert.checkpoints.cursor import Cursor
from convert.checkpoints.malformed import Malformed
from convert.checkpoints.parameters import Selected, state_dict_of
from convert.checkpoints.pickle_machine import run_pickle
from convert.checkpoints.pickled_tensor import PickledTensor, Storage
from convert.checkpoints.torch_storages import check_size, load_tensors
from convert.checkpoints.weight_file import WeightFile

MAGIC = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."  # a pickle of 0x1950A86A20F9469CFC6C
MAX_PICKLE_BYTES = 1 << 20  # of all five together; ResNeXt-101's have 0.1 MB, with an optimiser's state 0.3

_PROTOCOL = 1001
_COUNT = np.dtype("<i8")


def read_torch_legacy(file: WeightFile) -> Selected[np.ndarray]:
    """The network's tensors by parameter name, contiguous, in their saved type.

    Raises Malformed, with the byte offset, for anything except a save of plain tensors and plain data.
    """
    pickles = Cursor(file.read(0, min(file.size_bytes, MAX_PICKLE_BYTES)))
    storages: dict[str, Storage] = {}
    try:
        _read_header(pickles)
        saved = run_pickle(pickles, storages)
        keys = run_pickle(pickles)
    except ValueError as error:
        raise Malformed(f"byte {pickles.position}: {error}") from error
    found = state_dict_of(saved, PickledTensor)
    check_size(found.tensors, file.size_bytes)
    starts = _find_storages(file, pickles.position, keys, storages)
    arrays = load_tensors(found.tensors, lambda storage: file.array(starts[storage.key], storage.dtype, storage.elements))
    return Selected(arrays, found.left_out, found.told, found.architecture)


def _read_header(file: Cursor) -> None:
    if file.take(len(MAGIC)) != MAGIC:
        raise Malformed("its magic number is wrong")
    if (protocol := run_pickle(file)) != _PROTOCOL:
        raise Malformed(f"its serialization protocol is not {_PROTOCOL}" + (f" but {protocol}" if type(protocol) is int else ""))
    facts = run_pickle(file)
    if not isinstance(facts, dict) or facts.get("little_endian") is not True:
        raise Malformed("it was written on a big-endian machine, or does not say")


def _find_storages(file: WeightFile, position: int, keys: object, storages: dict[str, Storage]) -> dict[str, int]:
    """The start of each storage's elements in the file."""
    if not isinstance(keys, list) or len(keys) != len(storages):
        raise Malformed("its list of storages does not fit its tensors")
    starts: dict[str, int] = {}
    for key in keys:
        if not isinstance(key, str) or key not in storages or key in starts:
            raise Malformed("its list of storages names one that no tensor uses, or one twice")
        storage = storages[key]
        if (found := int(file.array(position, _COUNT, 1)[0])) != storage.elements:
            raise Malformed(f"storage {key[:40]!r} has {found} elements, {storage.elements} were announced")
        starts[key] = position + _COUNT.itemsize
        position = starts[key] + storage.elements * storage.dtype.itemsize
    if position > file.size_bytes:
        raise Malformed(f"the file is truncated: it ends at byte {file.size_bytes}, its storages at {position}")
    if position < file.size_bytes:
        raise Malformed(f"{file.size_bytes - position} bytes follow where the file should end")
    return starts
