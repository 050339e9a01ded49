"""The tensors of the protocol, and the form of BYTES: each element is its length, 4 bytes little-endian, and its bytes."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from server.errors import BadRequest

LENGTH_BYTES = 4
"""Before each element of BYTES."""
BYTES, UINT8, FP32, INT64 = "BYTES", "UINT8", "FP32", "INT64"
Numbers = npt.NDArray[np.float32] | npt.NDArray[np.int64]
Value = str | int | float | bool


def split_elements(data: memoryview, count: int, name: str) -> list[bytes]:
    """The elements of BYTES; raises BadRequest. Each length is checked before anything of its size is made."""
    elements: list[bytes] = []
    at = 0
    for index in range(count):
        start = at + LENGTH_BYTES
        if start > len(data):
            raise BadRequest(f"The data of the input {name!r} end before element {index}, of {count} by its shape.")
        at = start + int.from_bytes(data[start - LENGTH_BYTES : start], "little")
        if at > len(data):
            held, told = len(data) - start, at - start
            raise BadRequest(f"Element {index} of the input {name!r} says that it has {told} bytes, and {held} follow.")
        elements.append(bytes(data[start:at]))
    if at < len(data):
        raise BadRequest(f"The data of the input {name!r} go on behind its {count} elements, by {len(data) - at} bytes.")
    return elements


def join_elements(elements: Iterable[bytes]) -> bytes:
    """The data of a tensor of BYTES."""
    return b"".join([part for element in elements for part in (len(element).to_bytes(LENGTH_BYTES, "little"), element)])


@dataclass(frozen=True, slots=True)
class OutputTensor:
    """A tensor of an answer: numbers in the shape of the tensor, or the elements of BYTES in row-major order. Numbers may be NaN."""

    name: str
    datatype: str
    shape: Sequence[int]
    numbers: Numbers | None = field(default=None, repr=False)
    elements: Sequence[bytes] = field(default=(), repr=False)

    def binary(self) -> bytes:
        """The data as the binary extension and gRPC send them: little-endian."""
        return join_elements(self.elements) if self.numbers is None else self.numbers.tobytes()

    def values(self) -> list[Value | None]:
        """The data for JSON, flat; None stands for NaN, which JSON does not have."""
        if self.numbers is None:
            return [element.decode("utf-8", "replace") for element in self.elements]
        return [None if isinstance(value, float) and math.isnan(value) else value for value in self.numbers.ravel().tolist()]
