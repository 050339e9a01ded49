"""What the pickle of a checkpoint describes: storages, tensors, and placeholders of the rest."""

import math
from dataclasses import dataclass

import numpy as np

from convert.checkpoints.malformed import Malformed

MAX_DIMENSIONS = 8
MAX_COUNT = 1 << 40  # limit of elements, for a dimension and for a stride


@dataclass(frozen=True, slots=True)
class Storage:
    """Describes a flat block of elements in another place of the file."""

    key: str
    dtype: np.dtype
    elements: int


@dataclass(frozen=True, slots=True)
class PickledTensor:
    """A view of a storage; offset and strides count elements."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    @property
    def bytes(self) -> int:
        """The memory of the tensor."""
        return math.prod(self.shape) * self.storage.dtype.itemsize


@dataclass(frozen=True, slots=True, eq=False)
class Skipped:
    """Stands for an object that was not made; `name` says of which kind. It has no content, and equals only itself."""

    name: str

    def __str__(self) -> str:
        return f"({self.name})"


def tensor(arguments: tuple[object, ...], *, npu: bool) -> PickledTensor | Skipped:
    """The tensor of torch's _rebuild_tensor_v2, after a check that it stays inside its storage; without elements, a placeholder.

    torch may append a dict of marks (to negate, to conjugate), which must be empty. With `npu` a memory format of torch_npu may
    follow: the elements are in plain order all the same, because it saves a copy from the CPU.
    """
    match arguments:
        case (Storage() as storage, int(offset), tuple(shape), tuple(strides), bool(), {} as hooks, *last) if (
            not hooks and len(last) < 2 and (npu or not any(last))
        ):
            pass
        case _:
            raise Malformed("a tensor is not described in torch's form")
    if len(shape) > MAX_DIMENSIONS or len(shape) != len(strides):
        raise Malformed(f"a tensor has {len(shape)} dimensions and {len(strides)} strides")
    if not all(type(count) is int and 0 <= count <= MAX_COUNT for count in shape):
        raise Malformed("a tensor has an impossible shape")
    if not all(type(step) is int and 0 <= step <= MAX_COUNT for step in (offset, *strides)):
        raise Malformed("a tensor has an impossible offset or stride")
    if 0 in shape:
        return Skipped("an empty tensor")
    end = offset + sum((count - 1) * step for count, step in zip(shape, strides, strict=True))
    if end >= storage.elements:
        raise Malformed(f"a tensor reaches element {end} of storage {storage.key[:40]!r}, which has {storage.elements}")
    return PickledTensor(storage, offset, shape, strides)


def parameter(arguments: tuple[object, ...]) -> PickledTensor | Skipped:
    """The tensor inside torch's _rebuild_parameter; its flag for gradients and its attributes do not matter here."""
    match arguments:
        case (PickledTensor() | Skipped() as tensor, bool(), {} as hooks, *state) if not hooks and len(state) < 2:
            return tensor
        case _:
            raise Malformed("a parameter is not described in torch's form")
