"""A virtual machine for the pickles of PyTorch checkpoints that never executes code from them.

Python's own unpickler, even with an allow-list, lets the file use any amount of memory and time (a memo index of four thousand
million, a nested tuple as dict key). This machine knows only the few opcodes that torch writes, builds plain data, imports
nothing and calls nothing. What is neither plain data nor a tensor becomes a placeholder (`Skipped`), if it is one of the things
that trainers save beside the weights (pickle_names.py); whatever is put into it is dropped.
"""

from collections.abc import Callable
from dataclasses import dataclass

from convert.checkpoints.cursor import Cursor
from convert.checkpoints.malformed import Malformed
from convert.checkpoints.pickle_names import (
    ORDERED_DICT,
    REBUILD_NPU_TENSOR,
    REBUILD_PARAMETER,
    REBUILD_TENSOR,
    STORAGES,
    WHOLE,
    may_be_skipped,
    present_name,
)
from convert.checkpoints.pickled_tensor import MAX_COUNT, Skipped, Storage, parameter, tensor

MAX_OPCODES = 250_000  # torch writes about 34 per tensor
MAX_TEXT_BYTES = 1 << 16  # longer text is skipped: the bytes of an array beside the weights


@dataclass(frozen=True, slots=True)
class _Global:
    """A name that may be asked for, as `module.name`; it is never imported."""

    name: str


def run_pickle(file: Cursor, storages: dict[str, Storage] | None = None) -> object:
    """Run the pickle at the cursor and leave the cursor at its end; raises Malformed for a pickle that torch would not write.

    The result consists of text, numbers, None, tuples, lists, dicts, Storage, PickledTensor and Skipped. The keys of dicts are text,
    numbers and None; Skipped stands for others.
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
        self.copied = 0  # items of lists that became dicts

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
        name = present_name(self.file.line(), self.file.line())
        if name not in WHOLE and name not in STORAGES and not may_be_skipped(name):
            raise Malformed(f"it asks for {name!r}, which no state dict of plain tensors needs")
        self.push(_Global(name))

    def text(self) -> None:
        if (length := self.file.number("<I")) > MAX_TEXT_BYTES:
            self.file.skip(length)
            self.push(Skipped("a long text"))
        else:
            self.push(self.file.take(length).decode(errors="surrogatepass"))

    def text_of_python_2(self) -> None:
        self.push(self.file.take(self.file.number("<B")).decode("latin-1"))

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
        if isinstance(target, list):
            target.extend(values)
        elif not isinstance(target, Skipped):
            raise Malformed("a pickle appends to an object that is not a list")
        self.push(target)

    def set_items(self, items: list[object]) -> None:
        target = self.pop()
        if not isinstance(target, dict | Skipped) or len(items) % 2:
            raise Malformed("a pickle sets items of an object that is not a dict")
        if isinstance(target, dict):
            for key, value in zip(items[::2], items[1::2], strict=True):
                # A nested tuple would take any amount of time to be found again.
                target[key if isinstance(key, str | int | float | None) else Skipped("a key")] = value
        self.push(target)

    def reduce(self) -> None:
        call, arguments = self.pop_many(2)
        match call, arguments:
            case _Global(name), tuple() if name == ORDERED_DICT:
                self.push(self.ordered_dict(arguments))
            case _Global(name), tuple() if name in (REBUILD_TENSOR, REBUILD_NPU_TENSOR):
                self.push(tensor(arguments, npu=name == REBUILD_NPU_TENSOR))
            case _Global(name), tuple() if name in REBUILD_PARAMETER:
                self.push(parameter(arguments))
            case _Global(name), _ if name not in WHOLE and may_be_skipped(name):
                self.push(Skipped(name))
            case _:
                raise Malformed("a pickle calls an object that no checkpoint needs")

    def ordered_dict(self, arguments: tuple[object, ...]) -> dict[object, object]:
        """An OrderedDict, empty, or from a list of [name, value] as Python 2 wrote it."""
        items = arguments[0] if len(arguments) == 1 else list(arguments)
        if not isinstance(items, list) or any(not isinstance(item, list) or len(item) != 2 for item in items):
            raise Malformed("an OrderedDict is not described in Python's form")
        self.copied += len(items)  # a list may be used again and again
        if self.copied > MAX_OPCODES or not all(isinstance(name, str | int) for name, _ in items):
            raise Malformed("an OrderedDict is too long, or its names are not text")
        return {name: value for name, value in items}  # noqa: C416 the type checker takes no list of lists for dict()

    def new_object(self) -> None:
        made, arguments = self.pop_many(2)
        if not isinstance(made, _Global) or not isinstance(arguments, tuple) or not may_be_skipped(made.name):
            raise Malformed("a pickle makes an object that no checkpoint needs")
        self.push({} if made.name == ORDERED_DICT else Skipped(made.name))

    def persistent(self) -> None:
        # A storage names itself and its elements; None follows in a legacy file, nothing in a zip.
        match self.pop():
            case ("storage", _Global(kind), str(key), str(), int(elements), *view) if kind in STORAGES and view in ([], [None]):
                found = Storage(key, STORAGES[kind], elements)
            case _:
                raise Malformed("a persistent id is not that of a plain storage")
        if not 0 <= elements <= MAX_COUNT or self.storages.setdefault(key, found) != found:
            raise Malformed("a persistent id is that of an impossible or of two different storages")
        self.push(found)

    def build(self) -> None:
        # torch sets its _metadata (version numbers) on the OrderedDict, without effect on tensors.
        target, _ = self.pop_many(2)
        if not isinstance(target, dict | Skipped):
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
    b"U": _Machine.text_of_python_2,
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
