"""BYTES: lengths and elements."""

import struct

import numpy as np
import pytest

from server.errors import BadRequest
from server.oip.tensors import FP32, OutputTensor, join_elements, split_elements


def test_elements_survive() -> None:
    elements = [b"", b"a", bytes(300), b"\xff\xd8"]
    assert split_elements(memoryview(join_elements(elements)), 4, "image") == elements
    assert join_elements([b"ab"]) == b"\x02\0\0\0ab"


@pytest.mark.parametrize(
    ("data", "count", "told"),
    [
        (b"", 1, "end before element 0"),
        (b"\1\0\0", 1, "end before element 0"),
        (struct.pack("<I", 2**32 - 1) + b"x", 1, "4294967295 bytes, and 1 follow"),
        (b"\1\0\0\0a\5\0\0\0a", 2, "Element 1 of the input 'image' says that it has 5 bytes, and 1 follow"),
        (b"\1\0\0\0ab", 1, "by 1 bytes"),
        (b"\0\0\0\0", 2**62, "end before element 1"),
    ],
)
def test_lengths_that_lie(data: bytes, count: int, told: str) -> None:
    with pytest.raises(BadRequest, match=told):
        split_elements(memoryview(data), count, "image")


def test_numbers_for_json_and_binary() -> None:
    tensor = OutputTensor("scores", FP32, (1, 2), np.array([[0.5, np.nan]], "<f4"))
    assert tensor.values() == [0.5, None]
    assert tensor.binary() == struct.pack("<ff", 0.5, float("nan"))
    assert OutputTensor("labels", "BYTES", (1,), elements=[b"a"]).values() == ["a"]
