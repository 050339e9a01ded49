"""Turns the tensors that a PyTorch pickle describes into arrays, once their storages are found in the file."""

from collections.abc import Callable, Mapping

import numpy as np

from convert.checkpoints.bfloat16 import widened
from convert.checkpoints.malformed import Malformed
from convert.checkpoints.pickle_machine import PickledTensor, Storage

Load = Callable[[Storage], np.ndarray]


def check_size(tensors: Mapping[str, PickledTensor], file_bytes: int) -> None:
    """Raises Malformed if they ask for more memory than the file is long: overlapping or of stride 0. Honest ones never do."""
    if (wanted := sum(tensor.bytes for tensor in tensors.values())) > file_bytes:
        raise Malformed(f"its tensors claim {wanted} bytes, the whole file has {file_bytes}")


def load_tensors(tensors: Mapping[str, PickledTensor], load: Load) -> dict[str, np.ndarray]:
    """The tensors as contiguous arrays; `load` reads a storage into a flat array and is asked once for each.

    A tensor that is the whole of its storage, as all of a network's are, shares its memory.
    """
    arrays: dict[str, np.ndarray] = {}
    by_storage: dict[Storage, list[str]] = {}
    for name, tensor in tensors.items():
        by_storage.setdefault(tensor.storage, []).append(name)
    for storage, names in by_storage.items():
        flat = load(storage)
        arrays |= {name: _array(flat, tensors[name]) for name in names}
    return {name: arrays[name] for name in tensors}


def _array(flat: np.ndarray, tensor: PickledTensor) -> np.ndarray:
    strides = tuple(step * flat.itemsize for step in tensor.strides)
    view = np.ndarray(tensor.shape, flat.dtype, flat, tensor.offset * flat.itemsize, strides)
    if view.nbytes < flat.nbytes:
        view = view.copy(order="C")  # lest a slice keep the rest of its storage alive
    return widened(np.asarray(view, order="C"))
