import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from convert.checkpoints.bfloat16 import BFLOAT16, widened


def test_values() -> None:
    raw = np.array([0x0000, 0x3F80, 0xC000, 0x3DCD, 0x7F80], "<u2").view(BFLOAT16)
    assert widened(raw).tolist() == [0, 1, -2, 0.10009765625, float("inf")]


@given(st.integers(0, 2**16 - 1))
def test_it_is_the_upper_half_of_a_float32(bits: int) -> None:
    found = widened(np.full((2, 1), bits, "<u2").view(BFLOAT16))
    assert found.shape == (2, 1)
    assert found.view("<u4").tolist() == [[bits << 16]] * 2


def test_other_types_stay_as_they_are() -> None:
    array = np.arange(3, dtype="<u2")
    assert widened(array) is array
