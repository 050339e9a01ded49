"""A pipeline text, parsed and validated: in plain words for a person, with the vendor's codes for a program."""

import json
import re
import reprlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import NoReturn

from pipelines.codes import Code
from pipelines.errors import PipelineError
from pipelines.plugins import PropertyValue, parse_properties

MAX_TEXT_BYTES = 10 * 1024 * 1024
MAX_STREAMS = 256
_REFUSED_ANYWHERE = re.compile("  |\x7f|[\ud800-\udfff]")
_REFUSED_CHARACTERS = frozenset("\n\f\r\b\t\v\x7f")
_ELEMENT_KEYS = frozenset({"props", "factory", "next", "nextMeta"})
_UNCHECKED_KEYS = frozenset({"appsrc", "appsink"})  # the vendor looks at the keys of its own plugins only
_DEVICE_ID = re.compile("0|[1-9][0-9]{0,9}")


@dataclass(frozen=True)
class ElementSpec:
    """One element: `props` are complete and typed, `next` names the elements its output goes to."""

    name: str
    factory: str
    props: Mapping[str, PropertyValue]
    next: tuple[str, ...]


@dataclass(frozen=True)
class StreamSpec:
    """One stream of a pipeline text."""

    name: str
    device_id: int
    elements: Mapping[str, ElementSpec]

    def of_factory(self, factory: str) -> list[ElementSpec]:
        """The elements made by one plugin, by name: the order in which the vendor numbers sources."""
        return sorted((e for e in self.elements.values() if e.factory == factory), key=lambda element: element.name)


def parse_pipeline(text: bytes) -> list[StreamSpec]:
    """Every stream of a pipeline text; raises PipelineError for the first thing that is wrong."""
    return [parse_stream(name, value) for name, value in read_streams(text)]


def read_streams(text: bytes) -> list[tuple[str, object]]:
    """The streams of a text as (name, JSON value), in the text's order; later duplicates win, as with the vendor."""
    if not text or len(text) >= MAX_TEXT_BYTES:
        raise PipelineError(Code.COMM_INVALID_PARAM, f"A pipeline text has 1 to {MAX_TEXT_BYTES - 1} bytes; this one has {len(text)}.")
    try:
        streams = json.loads(text.decode("utf-8-sig").rstrip("\0"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise PipelineError(
            Code.STREAM_CONFIG_INVALID, f"The pipeline is not JSON: {error}.", "JSON has no comments and no trailing commas."
        ) from error
    if not isinstance(streams, dict) or not streams:
        raise PipelineError(Code.STREAM_CONFIG_INVALID, "A pipeline is a JSON object with a stream under each key.")
    if len(streams) > MAX_STREAMS:
        raise PipelineError(Code.STREAM_CONFIG_INVALID, f"{len(streams)} streams; at most {MAX_STREAMS} are allowed.")
    for word in _texts(streams):
        if _REFUSED_ANYWHERE.search(word):
            shown = reprlib.repr(word)
            raise PipelineError(Code.STREAM_CONFIG_INVALID, f"{shown} holds two blanks in a row, a DEL or half a surrogate pair.")
    return list(streams.items())


def _refuse_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is no JSON number")


def _texts(value: object) -> Iterator[str]:
    """Every text in a JSON value, in no order; without recursion, as the nesting is not ours to choose."""
    rest = [value]
    while rest:
        inner = rest.pop()
        if isinstance(inner, str):
            yield inner
        elif isinstance(inner, dict):
            rest += [*inner, *inner.values()]
        elif isinstance(inner, list):
            rest += inner


def parse_stream(name: str, value: object) -> StreamSpec:
    """One stream; raises PipelineError."""
    if not isinstance(value, dict) or not value:
        raise PipelineError(Code.COMM_INVALID_PARAM, f"Stream {name!r} must be an object of elements.")
    if any(_REFUSED_CHARACTERS & set(word) for word in _texts({name: value})):
        raise PipelineError(Code.COMM_INVALID_PARAM, f"Stream {name!r} holds a text with a control character.")
    device_id = _device_id(name, value.get("stream_config", {}))
    bodies = {key: body for key, body in value.items() if key != "stream_config"}
    elements = {key: _element(key, body, device_id) for key, body in bodies.items()}
    _check_links(name, elements)
    _link_metadata(name, bodies, elements)
    return StreamSpec(name, device_id or 0, elements)


def _device_id(stream: str, config: object) -> int | None:
    if not isinstance(config, dict):
        raise PipelineError(Code.STREAM_CONFIG_INVALID, f"Stream {stream!r}: stream_config must be an object.")
    if "deviceId" not in config:
        return None
    device = config["deviceId"]
    if not isinstance(device, str) or not _DEVICE_ID.fullmatch(device):
        shown = reprlib.repr(device)
        raise PipelineError(Code.COMM_INVALID_PARAM, f'Stream {stream!r}: deviceId must be a number in quotes, as "0", not {shown}.')
    return int(device)


def _element(name: str, body: object, device_id: int | None) -> ElementSpec:
    if not isinstance(body, dict):
        raise PipelineError(Code.STREAM_CONFIG_INVALID, f"Element {name!r} must be an object.")
    factory = body.get("factory")
    if not isinstance(factory, str):
        raise PipelineError(Code.STREAM_FACTORY_INVALID, f"Element {name!r} names no factory.")
    props = parse_properties(name, factory, body.get("props", {}))
    own_device = body.get("props", {}).get("deviceId")  # compared as a text, so "0x0" is not "0"
    if own_device is not None and device_id is not None and own_device != str(device_id):
        raise PipelineError(
            Code.STREAM_PROPS_INVALID, f"Element {name!r} is on device {own_device}, its stream on {device_id}.", "Leave deviceId out."
        )
    if factory not in _UNCHECKED_KEYS and (unknown := set(body) - _ELEMENT_KEYS):
        raise PipelineError(Code.STREAM_PROPS_INVALID, f"Element {name!r} has an unknown key {min(unknown)!r}.")
    return ElementSpec(name, factory, props, _next(name, body.get("next", [])))


def _next(name: str, value: object) -> tuple[str, ...]:
    names = value if isinstance(value, list) else [value]
    if not all(isinstance(one, str) for one in names):
        raise PipelineError(Code.STREAM_CONFIG_INVALID, f"Element {name!r}: next must be a name or a list of names.")
    return tuple(names)


def _check_links(stream: str, elements: Mapping[str, ElementSpec]) -> None:
    linked: set[str] = set()
    for element in elements.values():
        if len(element.next) > 1:
            raise PipelineError(
                Code.STREAM_ELEMENT_LINK,
                f"Stream {stream!r}: element {element.name!r} has one output and cannot feed {len(element.next)} elements.",
                "Name one element in `next`.",
            )
        for target in element.next:
            target_name, _, port = target.partition(":")
            if target_name not in elements or port not in ("", "0") or target_name == element.name or target_name in linked:
                raise PipelineError(
                    Code.STREAM_ELEMENT_LINK,
                    f"Stream {stream!r}: element {element.name!r} cannot be linked to {target!r}.",
                    "Every `next` names another element of the stream that nothing else feeds.",
                )
            linked.add(target_name)
    for element in elements.values():
        fed, feeds = element.name in linked, bool(element.next)
        if fed == (element.factory == "appsrc") or feeds == (element.factory == "appsink"):
            raise PipelineError(
                Code.STREAM_PAD_UNLINKED,
                f"Stream {stream!r}: element {element.name!r} is not linked on both sides.",
                "Chain every element from an appsrc to an appsink.",
            )


def _link_metadata(stream: str, bodies: Mapping[str, dict[str, object]], elements: dict[str, ElementSpec]) -> None:
    """`nextMeta` of an element sets the `dataSource` of the elements it names."""
    sources: dict[str, list[str]] = {}
    for name, body in bodies.items():
        targets = body.get("nextMeta", [])
        for target in targets if isinstance(targets, list) else [targets]:
            target_name = target.partition(":")[0] if isinstance(target, str) else ""
            if target_name not in elements or "dataSource" not in elements[target_name].props:
                raise PipelineError(
                    Code.COMM_INVALID_PARAM,
                    f"Stream {stream!r}: nextMeta of element {name!r} leads to {reprlib.repr(target)}, which takes no metadata.",
                    "Name an mxpi element of the stream.",
                )
            sources.setdefault(target_name, []).append(name)
    for target_name, names in sources.items():
        element = elements[target_name]
        elements[target_name] = replace(element, props={**element.props, "dataSource": ",".join(names)})
