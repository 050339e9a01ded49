"""The scores of all classes as bytes."""

import struct

import pytest

from server.engines.all_scores import are_finite, packed


def test_they_are_little_endian_float32() -> None:
    assert packed([0.5, -2, 0]) == struct.pack("<3f", 0.5, -2, 0)


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), float("-inf")])
def test_one_that_is_no_number_is_found(wrong: float) -> None:
    assert are_finite(packed([3.4e38, 3.4e38, -3.4e38]))
    assert not are_finite(packed([0, wrong, 1]))
