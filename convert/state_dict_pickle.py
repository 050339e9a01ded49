"""A machine that runs the pickles of a PyTorch checkpoint without ever being run by them.

Python's own unpickler, even with an allow-list, spends memory and time as the file pleases (a memo index of four thousand
million, a nested tuple as dict key). This one knows the few opcodes torch writes, builds plain data, imports nothing and
can call nothing.
"""

import math
import struct
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

MAX_OPCODES = 250_000  # torch writes about 34 a tensor
MAX_DIMENSIONS = 8
MAX_COUNT = 1 << 40  # of elements, along one dimension or from one to the next

_ORDERED_DICT = "collections.OrderedDict"
_REBUILD_TENSOR = "torch._utils._rebuild_tensor_v2"
_DTYPES: dict[str, np.dtype] = {
    "torch.HalfStorage": np.dtype("<f2"),
    "torch.FloatStorage": np.dtype("<f4"),
    "torch.DoubleStorage": np.dtype("<f8"),
    "torch.LongStorage": np.dtype("<i8"),
}
_GLOBALS = {_ORDERED_DICT, _REBUILD_TENSOR, *_DTYPES}


class Malformed(ValueError):
    """The file is not what torch would have written; says what is wrong, not where."""


@dataclass(frozen=True, slots=True)
class _Global:
    """A name from the allow-list, as `module.name`; nothing is ever imported."""

    name: str


@dataclass(frozen=True, slots=True)
class Storage:
    """Announces a flat block of elements that comes at the end of the file."""

    key: str
    dtype: np.dtype
    elements: int


@dataclass(frozen=True, slots=True)
class Tensor:
    """A view of a storage; offset and strides count elements."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    @property
    def bytes(self) -> int:
        """What the tensor takes in memory."""
        return math.prod(self.shape) * self.storage.dtype.itemsize


class Cursor:
    """A place in the bytes of the file; every reader raises Malformed when the file ends too early."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.position = 0

    def take(self, count: int) -> bytes:
        """The next bytes."""
        self.skip(count)
        return self.data[self.position - count : self.position]

    def skip(self, count: int) -> None:
        """Pass over bytes that are there."""
        if count > self.left:
            raise Malformed(f"the file is truncated: {count} bytes are wanted, {self.left} are left")
        self.position += count

    def number(self, form: str) -> int:
        """The next integer, its form as in `struct`."""
        (value,) = struct.unpack(form, self.take(struct.calcsize(form)))
        return int(value)

    def line(self) -> str:
        """The next line of ASCII, of a name's length."""
        end = self.data.find(b"\n", self.position, self.position + 256)
        if end < 0:
            raise Malformed("a name has no end")
        text = self.take(end - self.position).decode("ascii", "backslashreplace")
        self.skip(1)
        return text

    @property
    def left(self) -> int:
        """How many bytes follow."""
        return len(self.data) - self.position


def run_pickle(file: Cursor) -> object:
    """Run the pickle that begins here and leave the cursor behind it; raises Malformed for one torch would not have written.

    What it can answer is text, numbers, None, tuples, lists, dicts with text keys, Storage and Tensor.
    """
    return _Machine(file).run()


class _Machine:
    """One pickle under way, opcode by opcode."""

    def __init__(self, file: Cursor) -> None:
        self.file = file
        self.stack: list[object] = []
        self.marks: list[int] = []
        self.memo: dict[int, object] = {}

    def run(self) -> object:
        for _ in range(MAX_OPCODES):
            opcode = self.file.take(1)
            if opcode == b".":
                value = self.pop()
                if self.stack:
                    raise Malformed("a pickle leaves more than one thing behind")
                return value
            act = _OPCODES.get(opcode)
            if act is None:
                raise Malformed(f"pickle opcode {opcode!r} has no business in a state dict")
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
            raise Malformed("a pickle appends to something that is no list")
        target.extend(values)
        self.push(target)

    def set_items(self, items: list[object]) -> None:
        target = self.pop()
        if not isinstance(target, dict) or len(items) % 2:
            raise Malformed("a pickle sets items of something that is no dict")
        for key, value in zip(items[::2], items[1::2], strict=True):
            if not isinstance(key, str):
                raise Malformed("a dict has a key that is no text")
            target[key] = value
        self.push(target)

    def reduce(self) -> None:
        call, arguments = self.pop_many(2)
        if call == _Global(_ORDERED_DICT) and arguments == ():
            self.push({})
        elif call == _Global(_REBUILD_TENSOR) and isinstance(arguments, tuple):
            self.push(_tensor(arguments))
        else:
            raise Malformed("a pickle calls something that is neither a tensor nor an empty OrderedDict")

    def persistent(self) -> None:
        match self.pop():
            case ("storage", _Global(kind), str(key), str(), int(elements), None) if kind in _DTYPES and 0 < elements <= MAX_COUNT:
                self.push(Storage(key, _DTYPES[kind], elements))
            case _:
                raise Malformed("a persistent id is not that of a plain storage")

    def build(self) -> None:
        # torch hangs its _metadata (version numbers) on the OrderedDict; it changes no tensor.
        target, _ = self.pop_many(2)
        if not isinstance(target, dict):
            raise Malformed("a pickle sets the state of something that is no dict")
        self.push(target)


_OPCODES: dict[bytes, Callable[[_Machine], None]] = {
    b"\x80": _Machine.protocol,
    b"(": _Machine.mark,
    b"N": lambda machine: machine.push(None),
    b"\x88": lambda machine: machine.push(True),  # noqa: FBT003 the value itself
    b"\x89": lambda machine: machine.push(False),  # noqa: FBT003 the value itself
    b"K": lambda machine: machine.push(machine.file.number("<B")),
    b"M": lambda machine: machine.push(machine.file.number("<H")),
    b"J": lambda machine: machine.push(machine.file.number("<i")),
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
    b"Q": _Machine.persistent,
    b"b": _Machine.build,
}


def _tensor(arguments: tuple[object, ...]) -> Tensor:
    """What torch's _rebuild_tensor_v2 makes of its arguments, once it is sure to stay inside its storage."""
    match arguments:
        case (Storage() as storage, int(offset), tuple(shape), tuple(strides), bool(), {} as hooks) if not hooks:
            pass
        case _:
            raise Malformed("a tensor is not described as torch does it")
    if len(shape) > MAX_DIMENSIONS or len(shape) != len(strides):
        raise Malformed(f"a tensor has {len(shape)} dimensions and {len(strides)} strides")
    if not all(type(count) is int and 1 <= count <= MAX_COUNT for count in shape):
        raise Malformed("a tensor has an impossible shape")
    if not all(type(step) is int and 0 <= step <= MAX_COUNT for step in (offset, *strides)):
        raise Malformed("a tensor has an impossible offset or stride")
    last = offset + sum((count - 1) * step for count, step in zip(shape, strides, strict=True))
    if last >= storage.elements:
        raise Malformed(f"a tensor reaches element {last} of storage {storage.key[:40]!r}, which has {storage.elements}")
    return Tensor(storage, offset, shape, strides)
