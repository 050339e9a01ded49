"""The links of a stream, made in the engine's order and by its rules (mxStream, MxsmStream)."""

import reprlib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pipelines.codes import Code
from pipelines.cpu.text.leading_number import leading_number
from pipelines.cpu.text.ports import ANYTHING, Kinds, meet, ports_of
from pipelines.pipeline_errors import PipelineError

_CHAIN = "Chain every element from an appsrc to an appsink."


@dataclass(frozen=True)
class Linkable:
    """The data of an element for linking: its plugin, and `next` in its original form."""

    factory: str
    next: tuple[str, ...]


@dataclass(frozen=True)
class _Link:
    source: str
    output: int
    target: str  # in its original form, with or without a port

    @property
    def name(self) -> str:
        return linked_name(self.target)

    @property
    def port(self) -> int:
        """The port after the colon, if there is exactly one; -1 if it is not a number."""
        if self.target.count(":") != 1:
            return 0
        port = leading_number(self.target.partition(":")[2])
        return -1 if port is None else port


def linked_name(target: str) -> str:
    """The target element of a link: the part before the port, if there is exactly one colon."""
    return target.partition(":")[0] if target.count(":") == 1 else target


def link(stream: str, elements: Mapping[str, Linkable]) -> "Links":
    """The links of a stream; raises PipelineError 6006 or 6013."""
    links = Links(stream, elements)
    for one in sorted(_links(stream, elements), key=lambda one: (one.port, one.output)):
        links.add(one)
    return links


def _links(stream: str, elements: Mapping[str, Linkable]) -> Iterator[_Link]:
    seen: dict[str, str] = {}
    for name, element in sorted(elements.items()):
        for output, target in enumerate(element.next):
            one = _Link(name, output, target)
            if one.name not in elements:
                raise PipelineError(
                    Code.STREAM_ELEMENT_NOT_EXIST,
                    f"Stream {stream!r}: element {name!r} cannot be linked to {target!r}, which is not an element.",
                    "Name an element of the stream in `next`.",
                )
            if target in seen:
                raise _unlinkable(
                    stream, one, f"{seen[target]!r} is already linked to it", "Every element has one input; name each once in `next`."
                )
            seen[target] = name
            yield one


class Links:
    """The ports of a stream's elements and the links made so far."""

    def __init__(self, stream: str, elements: Mapping[str, Linkable]) -> None:
        self._stream = stream
        self._elements = elements
        self._feeders: defaultdict[str, list[str]] = defaultdict(list)  # by port
        self._following: defaultdict[str, list[tuple[str, int]]] = defaultdict(list)  # names and ports

    def add(self, one: _Link) -> None:
        """Link two ports; raises PipelineError 6006."""
        source, target = ports_of(self._elements[one.source].factory), ports_of(self._elements[one.name].factory)
        free = len(self._feeders[one.name])
        if one.port != free:
            what = f"its input {one.port} is not the next one free, {free}"
            raise _unlinkable(self._stream, one, what, "Every element has one input; name each once in `next`.")
        if one.port >= target.inputs and target.further is None:
            raise _unlinkable(self._stream, one, f"it has {target.inputs or 'no'} input", _CHAIN)
        if one.output >= source.outputs and not source.branches:
            what = f"{one.source!r} has {source.outputs or 'no'} output"
            raise _unlinkable(self._stream, one, what, "Put a tee behind an element that feeds several.")
        if one.name == one.source:
            raise _unlinkable(self._stream, one, "an element cannot feed itself", _CHAIN)
        given, taken = self._gives(one.source), self._takes(one.name, one.port)
        if meet(given, taken) == frozenset():
            what = f"that takes {_words(taken)}, not {_words(given)}"
            raise _unlinkable(self._stream, one, what, "Order the elements so that each accepts the output of the one before.")
        self._feeders[one.name].append(one.source)
        self._following[one.source].append((one.name, one.port))

    def following(self, name: str) -> tuple[str, ...]:
        """The elements that an element feeds, in the order of its outputs."""
        return tuple(target for target, _ in self._following.get(name, ()))

    def feeding(self, name: str) -> tuple[str, ...]:
        """The elements that feed an element, in the order of its inputs."""
        return tuple(self._feeders.get(name, ()))

    def _gives(self, name: str) -> Kinds | None:
        """The kinds of an element's output; for an element that only passes data on, the kinds of its input."""
        passed: set[str] = set()
        while (ports := ports_of(self._elements[name].factory)).passes and self._feeders.get(name) and name not in passed:
            passed.add(name)  # a ring of elements feeds itself and would never end
            name = self._feeders[name][0]
        return ports.gives

    def _takes(self, name: str, port: int) -> Kinds | None:
        """The kinds an input accepts; for an element that only passes data on, the kinds that all its targets accept."""
        kinds, waiting = ANYTHING, [(name, port)]
        while waiting:
            here, port = waiting.pop()
            ports = ports_of(self._elements[here].factory)
            kinds = meet(kinds, ports.takes_at(port))
            if ports.passes:
                waiting += self._following.get(here, [])
        return kinds

    def check_all_linked(self) -> None:
        """Raise PipelineError 6016 for a port without a link."""
        for name, element in sorted(self._elements.items()):
            ports = ports_of(element.factory)
            fed = len(self.feeding(name)) >= ports.inputs
            if not fed or len(self.following(name)) < ports.outputs:
                side = "without an output" if fed else "without an input"
                raise PipelineError(Code.STREAM_PAD_UNLINKED, f"Stream {self._stream!r}: element {name!r} is {side}.", _CHAIN)


def _unlinkable(stream: str, one: _Link, why: str, remedy: str) -> PipelineError:
    return PipelineError(
        Code.STREAM_ELEMENT_LINK,
        f"Stream {stream!r}: element {one.source!r} cannot be linked to {reprlib.repr(one.target)}: {why}.",
        remedy,
    )


def _words(kinds: Kinds | None) -> str:
    return "anything" if kinds is None else " or ".join(sorted(kinds)) or "nothing"
