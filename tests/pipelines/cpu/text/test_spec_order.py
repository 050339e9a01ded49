"""Texts with several faults, and texts the engine is odd about: which fault it names, and what it lets through."""

import json

import pytest

from pipelines.cpu.text.spec import MAX_ELEMENTS, StreamSpec, parse_pipeline
from pipelines.pipeline_errors import PipelineError
from tests.pipelines.cpu.text.texts_made import Elements, elements

SINK = {"appsink0": {"factory": "appsink"}}


def chain(**more: object) -> Elements:
    """appsrc0 → appsink0, and more or other elements."""
    return {"appsrc0": {"factory": "appsrc", "next": "appsink0"}, **SINK, **more}


def parsed(stream: object) -> StreamSpec:
    [found] = parse_pipeline(json.dumps({"S": stream}).encode())
    return found


def on_device(device: str) -> Elements:
    return elements() | {"stream_config": {"deviceId": device}}


CODES: dict[str, tuple[Elements, int]] = {
    # the whole validation comes before the first creation
    "no factory, then an unknown plugin": (chain(a={}, b={"factory": "nosuch"}), 6014),
    "no factory, then an unknown property": (chain(a={}, b={"factory": "queue", "props": {"x": "1"}}), 6015),
    "no factory, then a next to nobody": (chain(a={}, b={"factory": "queue", "next": "c"}), 6006),
    "wrong device, then an unknown property": (chain(a={"factory": "queue", "props": {"x": "1"}}, stream_config={"deviceId": 0}), 6015),
    "wrong device, then a wrong name of a sink": (chain(appsinkX={"factory": "appsink"}, stream_config={"deviceId": 0}), 1004),
    # elements by name
    "a text before an unknown plugin": (chain(a="x", b={"factory": "nosuch"}), 6005),
    "an unknown plugin before a text": (chain(a={"factory": "nosuch"}, b="x"), 6014),
    "upper case first": (chain(B={"factory": "nosuch"}, a="x"), 6014),
    # one element
    "plugin before keys": (chain(a={"factory": "nosuch", "x": 1}), 6014),
    "keys before next": (chain(a={"factory": "identity", "x": 1, "next": "nobody"}), 6015),
    "properties before next": (chain(a={"factory": "queue", "props": [], "next": 3}), 6015),
    "next by the order of the list": (chain(a={"factory": "queue", "next": ["nobody", 3]}), 6006),
    "control character in a plugin": (chain(a={"factory": "queue\n"}), 6014),
    # creation
    "name of a sink without a number": (chain(appsink={"factory": "appsink"}), 1001),
    "name of a sink that is none": (chain(my_appsink={"factory": "queue"}), 1001),
    "name of a sink before a missing factory": (chain(a={}, appsinkX={"factory": "appsink"}), 1001),
    "number of a sink beyond 32 bits": (chain(appsink99999999999={"factory": "appsink"}), 1001),
    "one name twice, except for the port": (chain(**{"appsrc0:1": {"factory": "appsrc"}}), 6012),
    "nextMeta before a later element": (chain(a={"factory": "queue", "nextMeta": 3}, b={}), 1004),
    "sinks by number": (chain(appsink10={"factory": "appsink", "nextMeta": 3}, appsink9={}), 6014),
    "nextMeta after an earlier element": (chain(a={}, b={"factory": "queue", "nextMeta": 3}), 6014),
    "next to stream_config": (chain(stream_config={}, a={"factory": "appsrc", "next": "stream_config"}), 6013),
    "nextMeta before what is not linked": (chain(a={"factory": "queue", "nextMeta": "nobody"}), 1004),
    "nextMeta to what reads no metadata": (chain(a={"factory": "queue", "nextMeta": "appsink0"}), 6015),
    "next before nextMeta": (chain(a={"factory": "appsrc", "next": "appsink0", "nextMeta": "nobody"}), 6006),
    "stream_config of a plugin": (chain(stream_config={"factory": "mxpi_tensorinfer", "deviceId": "0"}), 6015),
    # devices
    "device of 11 digits": (on_device("21474836470"), 1004),
    "device beyond 32 bits": (on_device("9999999999"), 6015),
    "too many elements": (chain(**{f"e{number:04}": {} for number in range(MAX_ELEMENTS)}), 6005),
}


@pytest.mark.parametrize("case", CODES)
def test_the_first_fault(case: str) -> None:
    stream, code = CODES[case]
    with pytest.raises(PipelineError) as caught:
        parsed(stream)
    assert caught.value.vendor_code == code


ACCEPTED: dict[str, Elements] = {
    "control characters in names": {"a\n": {"factory": "appsrc", "next": "appsink0"}, **SINK},
    "empty name": {"": {"factory": "appsrc", "next": "appsink0"}, **SINK},
    "sink nobody hears": chain(a={"factory": "appsrc", "next": "sinkA"}, sinkA={"factory": "appsink"}),
    "sink with more behind its number": {"appsrc0": {"factory": "appsrc", "next": "appsink0x"}, "appsink0x": {"factory": "appsink"}},
    "unknown keys of native plugins": chain(
        a={"factory": "appsrc", "next": "b", "x": 1},
        b={"factory": "queue", "next": "c", "x": 1},
        c={"factory": "tee", "next": "d", "x": 1},
        d={"factory": "fakesink", "x": 1},
    ),
    "stream_config of a native plugin": chain(stream_config={"factory": "appsrc", "deviceId": "0"}),
    "anything in stream_config": chain(stream_config={"x": [None, {"a": 1}]}),
    "colon in the name of a source": {"appsrc0:1": {"factory": "appsrc", "next": "appsink0:0"}, **SINK},
}


@pytest.mark.parametrize("case", ACCEPTED)
def test_accepted(case: str) -> None:
    assert parsed(ACCEPTED[case]).elements


def test_nothing_but_a_stream_config() -> None:
    assert parsed({"stream_config": {}}).elements == {}


def test_a_colon_does_not_belong_to_the_name() -> None:
    assert parsed(ACCEPTED["colon in the name of a source"]).elements["appsrc0"].next == ("appsink0",)


@pytest.mark.parametrize(("device", "number"), [("0", 0), ("9", 9), ("2147483647", 2**31 - 1), ("2147483648", 0), ("4294967295", -1)])
def test_elements_have_the_device_of_their_stream(device: str, number: int) -> None:
    stream = parsed(on_device(device))
    assert {element.props["deviceId"] for element in stream.elements.values() if "deviceId" in element.props} == {number}


def test_properties_come_typed() -> None:
    tee = {"factory": "tee", "next": ["appsink0", "appsink1"], "props": {"silent": "false"}}
    queue = {"factory": "queue", "next": "tee0", "props": {"leaky": "upstream", "max-size-buffers": "0x10"}}
    source = {"appsrc0": {"factory": "appsrc", "next": "queue0", "props": {"block": "true", "max-bytes": "1000000"}}}
    stream = parsed(source | SINK | {"appsink1": {"factory": "appsink"}, "tee0": tee, "queue0": queue})
    assert stream.elements["queue0"].props == {"name": "", "leaky": 1, "max-size-buffers": 16}
    assert stream.elements["appsrc0"].props["max-bytes"] == 1_000_000
    assert "block" not in stream.elements["appsrc0"].props
    assert stream.elements["tee0"].next == ("appsink0", "appsink1")
