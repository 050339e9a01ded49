import numpy as np
import pytest

from convert.checkpoints.bfloat16 import BFLOAT16
from convert.checkpoints.malformed import Malformed
from convert.checkpoints.pickled_tensor import PickledTensor, Storage
from convert.checkpoints.torch_storages import check_size, load_tensors

FLOATS = Storage("k", np.dtype("<f4"), 6)
WHOLE = PickledTensor(FLOATS, 0, (2, 3), (3, 1))


def test_a_storage_is_read_once_and_shared() -> None:
    flat, asked = np.arange(6, dtype="<f4"), []

    def load(storage: Storage) -> np.ndarray:
        asked.append(storage.key)
        return flat

    found = load_tensors({"a": WHOLE, "t": PickledTensor(FLOATS, 0, (3, 2), (1, 3)), "part": PickledTensor(FLOATS, 4, (2,), (1,))}, load)
    assert asked == ["k"]
    assert {name: array.tolist() for name, array in found.items()} == {
        "a": [[0, 1, 2], [3, 4, 5]],
        "t": [[0, 3], [1, 4], [2, 5]],
        "part": [4, 5],
    }
    assert [name for name, array in found.items() if np.shares_memory(array, flat)] == ["a"]
    assert all(array.flags.c_contiguous for array in found.values())


def test_bfloat16_becomes_float32() -> None:
    raw = np.array([0x3F80, 0xC000], "<u2").view(BFLOAT16)
    found = load_tensors({"x": PickledTensor(Storage("k", BFLOAT16, 2), 0, (2,), (1,))}, lambda _: raw)
    assert (found["x"].dtype.str, found["x"].tolist()) == ("<f4", [1, -2])


def test_tensors_of_more_than_the_file() -> None:
    check_size({"a": WHOLE}, 24)
    with pytest.raises(Malformed, match="claim 48 bytes, the whole file has 47"):
        check_size({"a": WHOLE, "b": WHOLE}, 47)
