"""Parse and validate a pipeline text. Errors have a plain message for a person and the vendor's code for a program.

The checks run in the order of the vendor's engine (mxStream, MxStreamManager and MxsmStream), so that a text with several
faults gets the engine's code: first the text, then every element of a stream, then the creation of the stream.
"""

import functools
import reprlib
from collections.abc import Mapping
from dataclasses import dataclass, replace

from pipelines.codes import Code
from pipelines.cpu.text.gst_values import Integer
from pipelines.cpu.text.leading_number import leading_number
from pipelines.cpu.text.links import Linkable, link, linked_name
from pipelines.cpu.text.metadata_links import MetadataLinks
from pipelines.cpu.text.pipeline_text import MAX_STREAMS, MAX_TEXT_BYTES, read_streams
from pipelines.cpu.text.plugins import PLUGINS, REFUSED_CHARACTERS, PropertyValue, parse_properties, parse_property
from pipelines.pipeline_errors import PipelineError

__all__ = ["MAX_STREAMS", "MAX_TEXT_BYTES", "ElementSpec", "StreamSpec", "parse_pipeline", "parse_stream", "read_streams"]

MAX_ELEMENTS = 5120
STREAM_CONFIG = "stream_config"
_ELEMENT_KEYS = frozenset({"props", "factory", "next", "nextMeta"})
_UNCHECKED_KEYS = frozenset({"appsrc", "fakesink", "filesink", "appsink", "queue", "tee"})  # the engine's "native" plugins
_SINK = "appsink"

Body = dict[str, object]


@dataclass(frozen=True)
class _Valid:
    """An element that has passed its own checks: its original form and its properties."""

    body: Body
    props: Mapping[str, PropertyValue]


@dataclass(frozen=True)
class ElementSpec:
    """One element: `props` are complete and typed; `next` names the elements that get its output, `inputs` those that feed it, by port."""

    name: str
    factory: str
    props: Mapping[str, PropertyValue]
    next: tuple[str, ...]
    inputs: tuple[str, ...] = ()


@dataclass(frozen=True)
class StreamSpec:
    """One stream of a pipeline text, its elements in the text's order."""

    name: str
    device_id: int
    elements: Mapping[str, ElementSpec]

    def of_factory(self, factory: str) -> list[ElementSpec]:
        """The elements of one plugin, sorted by name: the order in which the vendor numbers sources."""
        return sorted((e for e in self.elements.values() if e.factory == factory), key=lambda element: element.name)


def parse_pipeline(text: bytes) -> list[StreamSpec]:
    """Every stream of a pipeline text, by name; raises PipelineError for the first fault."""
    return [parse_stream(name, value) for name, value in read_streams(text)]


def stream_object(name: str, value: object) -> dict[str, object]:
    """The value of a stream, which must be an object; raises PipelineError 1004."""
    if not isinstance(value, dict) or not value:
        raise PipelineError(Code.COMM_INVALID_PARAM, f"Stream {name!r} must be an object of elements.")
    return value


def parse_stream(name: str, value: object) -> StreamSpec:
    """One stream; raises PipelineError."""
    stream = stream_object(name, value)
    valid = _validated(name, stream)
    device = _device(name, valid.pop(STREAM_CONFIG).body if STREAM_CONFIG in valid else {})
    elements: dict[str, ElementSpec] = {}
    metadata = MetadataLinks(name)
    for key in _creation_order(valid):
        element_name = linked_name(key)
        if element_name in elements:
            raise PipelineError(
                Code.STREAM_ELEMENT_EXIST, f"Stream {name!r}has two elements {element_name!r}.", "A colon belongs in `next` only."
            )
        elements[element_name] = _created(name, element_name, valid[key], device, metadata)
    links = link(name, {key: Linkable(element.factory, element.next) for key, element in elements.items()})
    written = [linked_name(key) for key in stream if key != STREAM_CONFIG]
    elements = {key: replace(elements[key], next=links.following(key), inputs=links.feeding(key)) for key in written}
    for target, sources in metadata.data_sources(set(elements)):
        element = elements[target]
        data_source = parse_property(target, element.factory, "dataSource", sources)
        elements[target] = replace(element, props={**element.props, "dataSource": data_source})
    links.check_all_linked()
    device_id = int(device or 0)
    return StreamSpec(name, device_id if device_id < 2**31 else 0, elements)


def _validated(stream: str, value: dict[str, object]) -> dict[str, _Valid]:
    """The elements and stream_config, each checked by itself; raises PipelineError 6005, 6006, 6014 or 6015."""
    valid: dict[str, _Valid] = {}
    for number, (key, body) in enumerate(sorted(value.items()), start=1):
        if not isinstance(body, dict):
            what = f"element {key!r}" if key != STREAM_CONFIG else key
            raise PipelineError(Code.STREAM_CONFIG_INVALID, f"Stream {stream!r}: {what} must be an object.")
        if number > MAX_ELEMENTS:
            raise PipelineError(Code.STREAM_CONFIG_INVALID, f"Stream {stream!r} has more than {MAX_ELEMENTS} elements.")
        props: Mapping[str, PropertyValue] = {}
        if "factory" in body:  # an element without a factory is refused later, at its creation
            props = _validated_properties(key, body)
            _validate_next(stream, key, body.get("next", []), value)
        valid[key] = _Valid(body, props)
    return valid


def _validated_properties(name: str, body: Body) -> Mapping[str, PropertyValue]:
    factory = body["factory"]
    if not isinstance(factory, str) or REFUSED_CHARACTERS.search(factory) or factory not in PLUGINS:
        known = ", ".join(PLUGINS)
        raise PipelineError(
            Code.STREAM_FACTORY_INVALID, f"Element {name!r}: unknown plugin {reprlib.repr(factory)}.", f"Known plugins: {known}."
        )
    if factory not in _UNCHECKED_KEYS and (unknown := set(body) - _ELEMENT_KEYS):
        keys = ", ".join(sorted(_ELEMENT_KEYS))
        raise PipelineError(Code.STREAM_PROPS_INVALID, f"Element {name!r} has an unknown key {min(unknown)!r}.", f"It can have: {keys}.")
    return parse_properties(name, factory, body.get("props", {}))


def _validate_next(stream: str, name: str, value: object, elements: Mapping[str, object]) -> None:
    for target in value if isinstance(value, list) else [value]:
        if not isinstance(target, str):
            raise PipelineError(Code.STREAM_CONFIG_INVALID, f"Element {name!r}: next must be a name or a list of names.")
        if linked_name(target) not in elements:
            raise PipelineError(
                Code.STREAM_ELEMENT_LINK,
                f"Stream {stream!r}: element {name!r} cannot be linked to {reprlib.repr(target)}, which does not exist.",
                "Name another element of the stream in `next`.",
            )


def _device(stream: str, config: Body) -> str:
    """The device of a stream_config in its original form, or ""; raises PipelineError 1004."""
    device = config.get("deviceId", "")
    if "deviceId" not in config:
        return ""
    # The engine reads a 32-bit number (a larger one becomes the largest) and compares the number of digits.
    if isinstance(device, str) and device.isascii() and device.isdigit() and len(device) == len(str(min(int(device[:11]), 2**31 - 1))):
        return device
    raise PipelineError(
        Code.COMM_INVALID_PARAM,
        f'Stream {stream!r}: deviceId must be a number in quotes, as "0", not {reprlib.repr(device)}.',
        'Write "stream_config": {"deviceId": "0"}.',
    )


def _creation_order(elements: Mapping[str, _Valid]) -> list[str]:
    """The elements in the order of creation: by name, the sinks by number; raises PipelineError 1001."""
    numbers = {key: leading_number(key[len(_SINK) :]) for key in elements if _SINK in key}
    for key, number in numbers.items():
        if number is None:
            raise PipelineError(
                Code.COMM_FAILURE,
                f"Element {key!r}: the name of an appsink must be appsink and a number.",
                "Name the sinks appsink0, appsink1, …, and use these names only for sinks.",
            )

    def compared(one: str, other: str) -> int:
        if one in numbers and other in numbers:
            return (numbers[one] or 0) - (numbers[other] or 0)
        return -1 if one < other else 1

    return sorted(sorted(elements), key=functools.cmp_to_key(compared))


def _created(stream: str, name: str, valid: _Valid, device: str, metadata: MetadataLinks) -> ElementSpec:
    """One element; raises PipelineError 6014, 1004 or 6015."""
    body, props = valid.body, dict(valid.props)
    factory = body.get("factory")
    if not isinstance(factory, str):
        raise PipelineError(
            Code.STREAM_FACTORY_INVALID, f"Stream {stream!r}: element {name!r} has no factory.", 'Give it a "factory", or remove it.'
        )
    targets = metadata.read(name, body["nextMeta"]) if "nextMeta" in body else []
    if device and "deviceId" in PLUGINS[factory]:
        props["deviceId"] = _device_of_element(name, factory, body.get("props", {}), device)
    metadata.add(name, targets)
    following = body.get("next", [])
    names = following if isinstance(following, list) else [following]
    return ElementSpec(name, factory, props, tuple(str(target) for target in names))


def _device_of_element(name: str, factory: str, props: object, stream_device: str) -> int:
    """The device of an element, which must equal its stream's; raises PipelineError 6015."""
    own = props.get("deviceId", stream_device) if isinstance(props, dict) else stream_device
    if own != stream_device:  # compared as texts, so "0x0" is not "0"
        raise PipelineError(
            Code.STREAM_PROPS_INVALID, f"Element {name!r} is on device {own}, its stream on {stream_device}.", "Leave deviceId out."
        )
    known = PLUGINS[factory]["deviceId"]
    number = known.deserialize(stream_device) if isinstance(known, Integer) else None
    if number is None:
        raise PipelineError(Code.STREAM_PROPS_INVALID, f"Element {name!r}: device {stream_device} does not exist.", "Name device 0.")
    return number if number >= -1 else 0  # the engine ignores a number out of range
