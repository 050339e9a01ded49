import numpy as np
import pytest

from convert.checkpoints.malformed import Malformed
from convert.checkpoints.pickled_tensor import PickledTensor, Skipped, Storage, parameter, tensor

STORAGE = Storage("k", np.dtype("<f4"), 6)
PLAIN: tuple[object, ...] = (STORAGE, 0, (2, 3), (3, 1), False, {})
WHOLE = PickledTensor(STORAGE, 0, (2, 3), (3, 1))


def test_a_tensor_and_its_size() -> None:
    assert tensor(PLAIN, npu=False) == WHOLE
    assert WHOLE.bytes == 24


@pytest.mark.parametrize("mark", [None, {}])
def test_marks_that_are_empty(mark: object) -> None:
    assert tensor((*PLAIN, mark), npu=False) == WHOLE


@pytest.mark.parametrize("memory_format", [True, 2, 29, Skipped("torch_npu.npu._format.Format")])
def test_a_memory_format_does_not_matter(memory_format: object) -> None:
    assert tensor((*PLAIN, memory_format), npu=True) == WHOLE
    with pytest.raises(Malformed, match="torch's form"):
        tensor((*PLAIN, memory_format), npu=False)


def test_a_tensor_without_elements_is_a_placeholder() -> None:
    assert str(tensor((Storage("k", np.dtype("<f4"), 0), 0, (0, 3), (3, 1), False, {}), npu=False)) == "(an empty tensor)"


@pytest.mark.parametrize("state", [(), ({"name": "w"},)])
def test_a_parameter_is_its_tensor(state: tuple[object, ...]) -> None:
    assert parameter((WHOLE, True, {}, *state)) is WHOLE


@pytest.mark.parametrize("arguments", [(), (None, True, {}), (WHOLE, True, {"hook": 1}), (WHOLE, True, {}, 1, 2)])
def test_what_is_no_parameter(arguments: tuple[object, ...]) -> None:
    with pytest.raises(Malformed, match="a parameter"):
        parameter(arguments)


def test_a_placeholder_equals_only_itself() -> None:
    first, second = Skipped("a"), Skipped("a")
    assert len({first, second, first}) == 2
