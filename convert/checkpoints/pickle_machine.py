"""A virtual machine for the pickles of PyTorch checkpoints that never executes code from them.

Python's own unpickler, even with an allow-list, lets the file use any amount of memory and time (a memo index of four thousand
million, a nested tuple as dict key). This machine knows only the few opcodes that torch writes, builds plain data, imports
nothing and calls nothing.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from convert.checkpoints.bfloat16 import BFLOAT16
from convert.checkpoints.cursor import Cursor
from convert.checkpoints.malformed import Malformed

MAX_OPCODES = 250_000  # torch writes about 34 per tensor
MAX_DIMENSIONS = 8
MAX_COUNT = 1 << 40  # limit of elements, for a dimension and for a stride

_ORDERED_DICT = "collections.OrderedDict"
_REBUILD_TENSOR = "torch._utils._rebuild_tensor_v2"
_REBUILD_PARAMETER = "torch._utils._rebuild_parameter"
_NAMESPACE = "argparse.Namespace"  # the training's arguments, in torchvision's and timm's checkpoints
_DTYPES: dict[str, np.dtype] = {
    "torch.BoolStorage": np.dtype("?"),
    "torch.ByteStorage": np.dtype("u1"),
    "torch.CharStorage": np.dtype("i1"),
    "torch.ShortStorage": np.dtype("<i2"),
    "torch.IntStorage": np.dtype("<i4"),
    "torch.BFloat16Storage": BFLOAT16,
    "torch.HalfStorage": np.dtype("<f2"),
    "torch.FloatStorage": np.dtype("<f4"),
    "torch.DoubleStorage": np.dtype("<f8"),
    "torch.LongStorage": np.dtype("<i8"),
}
_GLOBALS = {_ORDERED_DICT, _REBUILD_TENSOR, _REBUILD_PARAMETER, _NAMESPACE, *_DTYPES}


@dataclass(frozen=True, slots=True)
class _Global:
    """A name from the allow-list, as `module.name`; it is never imported."""

    name: str


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


def run_pickle(file: Cursor, storages: dict[str, Storage] | None = None) -> object:
    """Run the pickle at the cursor and leave the cursor at its end; raises Malformed for a pickle that torch would not write.

    The result consists of text, numbers, None, tuples, lists, dicts with text or integer keys, Storage and PickledTensor.
    `storages` collects all described storages by key, needed or not.
    """
    return _Machine(file, {} if storages is None else storages).run()


class _Machine:
    """The execution of one pickle, opcode by opcode."""

    def __init__(self, file: Cursor, storages: dict[str, Storage]) -> None:
        self.file = file
        self.storages = storages
        self.stack: list[object] = []
        self.marks: list[int] = []
        self.memo: dict[int, object] = {}

    def run(self) -> object:
        self.protocol()
        for _ in range(MAX_OPCODES):
            opcode = self.file.take(1)
            if opcode == b".":
                value = self.pop()
                if self.stack:
                    raise Malformed("a pickle leaves more than one object on its stack")
                return value
            act = _OPCODES.get(opcode)
            if act is None:
                raise Malformed(f"pickle opcode {opcode!r} does not belong in a state dict")
            act(self)
        raise Malformed(f"a pickle has more than {MAX_OPCODES} opcodes")

    def push(self, value: object) -> None:
        self.stack.append(value)

    def pop(self) -> object:
        if len(self.stack) <= (self.marks[-1] if self.marks else 0):
            raise Malformed("a pickle takes more from its stack than there is")
        return self.stack.pop()

    def pop_many(self, count: int) -> tuple[object, ...]:
        return tuple(reversed([self.pop() for _ in range(count)]))

    def pop_to_mark(self) -> list[object]:
        if not self.marks:
            raise Malformed("a pickle misses a mark")
        start = self.marks.pop()
        items = self.stack[start:]
        del self.stack[start:]
        return items

    def mark(self) -> None:
        self.marks.append(len(self.stack))

    def protocol(self) -> None:
        if self.file.take(1) != b"\x80":
            raise Malformed("a pickle does not begin with its protocol")
        if (found := self.file.number("<B")) != 2:
            raise Malformed(f"it is written in pickle protocol {found}, not 2")

    def find_global(self) -> None:
        name = f"{self.file.line()}.{self.file.line()}"
        if name not in _GLOBALS:
            raise Malformed(f"it asks for {name!r}, which no state dict of plain tensors needs")
        self.push(_Global(name))

    def text(self) -> None:
        self.push(self.file.take(self.file.number("<I")).decode())

    def long(self) -> None:
        self.push(int.from_bytes(self.file.take(self.file.number("<B")), "little", signed=True))

    def put(self, form: str) -> None:
        index = self.file.number(form)
        value = self.pop()
        self.push(value)
        self.memo[index] = value

    def get(self, form: str) -> None:
        index = self.file.number(form)
        if index not in self.memo:
            raise Malformed(f"a pickle refers to its memo {index}, which is empty")
        self.push(self.memo[index])

    def append(self, values: list[object]) -> None:
        target = self.pop()
        if not isinstance(target, list):
            raise Malformed("a pickle appends to an object that is not a list")
        target.extend(values)
        self.push(target)

    def set_items(self, items: list[object]) -> None:
        target = self.pop()
        if not isinstance(target, dict) or len(items) % 2:
            raise Malformed("a pickle sets items of an object that is not a dict")
        for key, value in zip(items[::2], items[1::2], strict=True):
            if not isinstance(key, str | int):
                raise Malformed("a dict has a key that is neither text nor an integer")
            target[key] = value
        self.push(target)

    def reduce(self) -> None:
        call, arguments = self.pop_many(2)
        if call == _Global(_ORDERED_DICT) and arguments == ():
            self.push({})
        elif call == _Global(_REBUILD_TENSOR) and isinstance(arguments, tuple):
            self.push(_tensor(arguments))
        elif call == _Global(_REBUILD_PARAMETER) and isinstance(arguments, tuple):
            self.push(_parameter(arguments))
        else:
            raise Malformed("a pickle calls an object that is neither a tensor nor an empty OrderedDict")

    def new_object(self) -> None:
        if self.pop_many(2) != (_Global(_NAMESPACE), ()):
            raise Malformed("a pickle makes an object that is not a plain Namespace")
        self.push({})  # BUILD will drop its content

    def persistent(self) -> None:
        # A storage names itself and its elements; None follows in a legacy file, nothing in a zip.
        match self.pop():
            case ("storage", _Global(kind), str(key), str(), int(elements), *view) if kind in _DTYPES and view in ([], [None]):
                found = Storage(key, _DTYPES[kind], elements)
            case _:
                raise Malformed("a persistent id is not that of a plain storage")
        if not 0 < elements <= MAX_COUNT or self.storages.setdefault(key, found) != found:
            raise Malformed("a persistent id is that of an empty or of two different storages")
        self.push(found)

    def build(self) -> None:
        # torch sets its _metadata (version numbers) on the OrderedDict, without effect on tensors. A Namespace is never read.
        target, _ = self.pop_many(2)
        if not isinstance(target, dict):
            raise Malformed("a pickle sets the state of an object that is not a dict")
        self.push(target)


_OPCODES: dict[bytes, Callable[[_Machine], None]] = {
    b"(": _Machine.mark,
    b"N": lambda machine: machine.push(None),
    b"\x88": lambda machine: machine.push(True),  # noqa: FBT003 the value itself
    b"\x89": lambda machine: machine.push(False),  # noqa: FBT003 the value itself
    b"K": lambda machine: machine.push(machine.file.number("<B")),
    b"M": lambda machine: machine.push(machine.file.number("<H")),
    b"J": lambda machine: machine.push(machine.file.number("<i")),
    b"G": lambda machine: machine.push(machine.file.real()),
    b"\x8a": _Machine.long,
    b"X": _Machine.text,
    b")": lambda machine: machine.push(()),
    b"\x85": lambda machine: machine.push(machine.pop_many(1)),
    b"\x86": lambda machine: machine.push(machine.pop_many(2)),
    b"\x87": lambda machine: machine.push(machine.pop_many(3)),
    b"t": lambda machine: machine.push(tuple(machine.pop_to_mark())),
    b"]": lambda machine: machine.push([]),
    b"a": lambda machine: machine.append([machine.pop()]),
    b"e": lambda machine: machine.append(machine.pop_to_mark()),
    b"}": lambda machine: machine.push({}),
    b"s": lambda machine: machine.set_items(list(machine.pop_many(2))),
    b"u": lambda machine: machine.set_items(machine.pop_to_mark()),
    b"q": lambda machine: machine.put("<B"),
    b"r": lambda machine: machine.put("<I"),
    b"h": lambda machine: machine.get("<B"),
    b"j": lambda machine: machine.get("<I"),
    b"c": _Machine.find_global,
    b"R": _Machine.reduce,
    b"\x81": _Machine.new_object,
    b"Q": _Machine.persistent,
    b"b": _Machine.build,
}


def _parameter(arguments: tuple[object, ...]) -> PickledTensor:
    """The tensor inside torch's _rebuild_parameter; its flag for gradients does not matter here."""
    match arguments:
        case (PickledTensor() as tensor, bool(), {} as hooks) if not hooks:
            return tensor
        case _:
            raise Malformed("a parameter is not described in torch's form")


def _tensor(arguments: tuple[object, ...]) -> PickledTensor:
    """The tensor of torch's _rebuild_tensor_v2, after a check that it stays inside its storage."""
    match arguments:
        case (Storage() as storage, int(offset), tuple(shape), tuple(strides), bool(), {} as hooks) if not hooks:
            pass
        case _:
            raise Malformed("a tensor is not described in torch's form")
    if len(shape) > MAX_DIMENSIONS or len(shape) != len(strides):
        raise Malformed(f"a tensor has {len(shape)} dimensions and {len(strides)} strides")
    if not all(type(count) is int and 1 <= count <= MAX_COUNT for count in shape):
        raise Malformed("a tensor has an impossible shape")
    if not all(type(step) is int and 0 <= step <= MAX_COUNT for step in (offset, *strides)):
        raise Malformed("a tensor has an impossible offset or stride")
    last = offset + sum((count - 1) * step for count, step in zip(shape, strides, strict=True))
    if last >= storage.elements:
        raise Malformed(f"a tensor reaches element {last} of storage {storage.key[:40]!r}, which has {storage.elements}")
    return PickledTensor(storage, offset, shape, strides)
