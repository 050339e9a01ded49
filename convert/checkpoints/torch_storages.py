"""Converts the tensors of a PyTorch pickle to arrays, after their storages are found in the file."""

from collections.abc import Callable, Mapping

import numpy as np

from convert.checkpoints.bfloat16 import widened
from convert.checkpoints.malformed import Malformed
from convert.checkpoints.pickled_tensor import PickledTensor, Storage

Load = Callable[[Storage], np.ndarray]


def check_size(tensors: Mapping[str, PickledTensor], file_bytes: int) -> None:
    """Raise Malformed if the tensors need more memory than the size of the file: they overlap or have stride 0. Real ones never do."""
    if (wanted := sum(tensor.bytes for tensor in tensors.values())) > file_bytes:
        raise Malformed(f"its tensors claim {wanted} bytes, the whole file has {file_bytes}")


def load_tensors(tensors: Mapping[str, PickledTensor], load: Load) -> dict[str, np.ndarray]:
    """The tensors as contiguous arrays; `load` reads a storage into a flat array and is called once per storage.

    A tensor that fills its storage, as all tensors of a network do, shares its memory.
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
        view = view.copy(order="C")  # without the copy, a slice would keep the rest of its storage alive
    return widened(np.asarray(view, order="C"))
