import json

import pytest

from pipelines.cpu.text.spec import MAX_STREAMS, MAX_TEXT_BYTES, parse_pipeline
from pipelines.pipeline_errors import PipelineError
from tests.pipelines.cpu.text.texts_made import CHAIN, VALID, Change, Elements, changed, drop, elements, put


def refusal(text: bytes) -> PipelineError:
    with pytest.raises(PipelineError) as caught:
        parse_pipeline(text)
    return caught.value


def resize_prop(name: str, value: object) -> Change:
    return put("mxpi_imageresize0", "props", name, value=value)


def renamed(old: str, new: str, feeder: str = "") -> Change:
    def change(stream: Elements) -> None:
        stream[new] = stream.pop(old)
        if feeder:
            stream[feeder]["next"] = new

    return change


PRETTY = json.dumps({"S": elements()}, indent=4).encode()

TEXTS: dict[str, tuple[bytes, int]] = {
    "empty": (b"", 1004),
    "blank": (b" ", 6005),
    "not JSON": (b"hello", 6005),
    "array": (b"[]", 6005),
    "null": (b"null", 6005),
    "number": (b"5", 6005),
    "no stream": (b"{}", 6005),
    "empty stream": (b'{"S":{}}', 1004),
    "text for a stream": (b'{"S":"x"}', 1004),
    "null for a stream": (b'{"S":null}', 1004),
    "list for a stream": (b'{"S":[]}', 1004),
    "line comment": (b"// hi\n" + PRETTY, 6005),
    "block comment": (b"/* x */" + PRETTY, 6005),
    "hash comment": (PRETTY.replace(b'"factory"', b'## c\n"factory"', 1), 6005),
    "trailing comma": (VALID[:-1] + b",}", 6005),
    "trailing text": (VALID + b" x", 6005),
    "single quotes": (VALID.replace(b'"', b"'"), 6005),
    "invalid UTF-8": (VALID.replace(b'"409600"', b'"\xff\xfe"'), 6005),
    "raw tab in a text": (VALID.replace(b'"409600"', b'"4\t"'), 6005),
    "half a surrogate pair": (VALID.replace(b'"S"', b'"\\ud800"'), 6005),
    "lone escape": (VALID.replace(b'"S"', b'"\\"'), 6005),
    "not a number": (b'{"S":NaN}', 6005),
    "infinite number": (b'{"S":-Infinity}', 6005),
    "number of 5000 digits": (b'{"S":%s}' % (b"9" * 5000), 6005),
    "deep nesting": (b'{"S":' + b"[" * 100_000, 6005),
    "two blanks in a value": (changed(resize_prop("name", "a  b")), 6005),
    "two blanks in a key": (changed(put("a  b", value={})), 6005),
    "DEL in a value": (changed(resize_prop("name", "a\x7fb")), 6005),
    "10 MiB": (b" " * MAX_TEXT_BYTES, 1004),
    "10 MiB less one": (b" " * (MAX_TEXT_BYTES - 1), 6005),
    "257 streams": (json.dumps({f"s{n}": {} for n in range(MAX_STREAMS + 1)}).encode(), 6005),
    "256 empty streams": (json.dumps({f"s{n}": {} for n in range(MAX_STREAMS)}).encode(), 1004),
}

CHANGES: dict[str, tuple[Change, int]] = {
    "escaped newline in a value": (resize_prop("name", "a\nb"), 1004),
    "escaped tab in a value": (put("appsrc0", "props", "blocksize", value="4096\t"), 1004),
    # properties
    "number": (resize_prop("resizeHeight", 224), 6015),
    "truth value": (put("appsrc0", "props", "blocksize", value=True), 6015),
    "null": (put("appsrc0", "props", "blocksize", value=None), 6015),
    "object": (resize_prop("resizeHeight", {}), 6015),
    "unknown": (resize_prop("nosuch", "1"), 6015),
    "unknown of appsrc": (put("appsrc0", "props", "nosuch", value="1"), 6015),
    "unknown of appsink": (put("appsink0", "props", "nosuch", value="1"), 6015),
    "words for a number": (resize_prop("resizeHeight", "abc"), 6015),
    "fraction": (resize_prop("resizeHeight", "224.5"), 6015),
    "too large": (resize_prop("resizeHeight", "4097"), 6015),
    "negative": (resize_prop("resizeHeight", "-1"), 6015),
    "empty": (resize_prop("resizeHeight", ""), 6015),
    "huge": (resize_prop("resizeHeight", "9" * 5000), 6015),
    "other digits": (resize_prop("resizeHeight", "٣٢"), 6015),
    "blocksize of words": (put("appsrc0", "props", "blocksize", value="x"), 6015),
    "blocksize beyond 64 bits": (put("appsrc0", "props", "blocksize", value="99999999999999999999"), 6015),
    "control character in the name of a property": (resize_prop("a\nb", "1"), 1004),
    "control character in a value that is not a text": (resize_prop("a\nb", 1), 6015),
    "ignored property of a wrong type": (put("appsrc0", "props", "block", value="maybe"), 6015),
    "property that can be read only": (put("appsink0", "props", "eos", value="true"), 6015),
    "scaleValue 31": (resize_prop("scaleValue", "31"), 6015),
    "interpolation 5": (resize_prop("interpolation", "5"), 6015),
    "waitingTime 0": (put("mxpi_tensorinfer0", "props", "waitingTime", value="0"), 6015),
    "waitingTime 1000001": (put("mxpi_tensorinfer0", "props", "waitingTime", value="1000001"), 6015),
    "outputDeviceId 8": (put("mxpi_tensorinfer0", "props", "outputDeviceId", value="8"), 6015),
    "outputDeviceId -2": (put("mxpi_tensorinfer0", "props", "outputDeviceId", value="-2"), 6015),
    "singleBatchInfer 2": (put("mxpi_tensorinfer0", "props", "singleBatchInfer", value="2"), 6015),
    "status 2": (put("mxpi_dataserialize0", "props", "status", value="2"), 6015),
    "list of props": (put("appsink0", "props", value=[]), 6015),
    "text of props": (put("appsink0", "props", value="x"), 6015),
    "null props": (put("appsink0", "props", value=None), 6015),
    # elements
    "no factory": (drop("mxpi_imageresize0", "factory"), 6014),
    "unknown factory": (put("mxpi_imageresize0", "factory", value="mxpi_nosuch"), 6014),
    "number for a factory": (put("mxpi_imageresize0", "factory", value=5), 6014),
    "empty factory": (put("mxpi_imageresize0", "factory", value=""), 6014),
    "unknown key": (put("mxpi_imageresize0", "comment", value="x"), 6015),
    "text for an element": (put("note", value="hello"), 6005),
    "empty element": (put("note", value={}), 6014),
    # links
    "next nobody": (put("mxpi_imageresize0", "next", value="nosuch0"), 6006),
    "next a number": (put("mxpi_imageresize0", "next", value=3), 6005),
    "next null": (put("mxpi_imageresize0", "next", value=None), 6005),
    "next a list of numbers": (put("mxpi_imageresize0", "next", value=[3]), 6005),
    "next empty": (put("mxpi_imageresize0", "next", value=""), 6006),
    "next an empty list": (put("mxpi_imageresize0", "next", value=[]), 6016),
    "next another port": (put("mxpi_imageresize0", "next", value="mxpi_tensorinfer0:1"), 6006),
    "next itself": (put("mxpi_imageresize0", "next", value="mxpi_imageresize0"), 6006),
    "next two": (put("mxpi_imageresize0", "next", value=["mxpi_tensorinfer0", "mxpi_dataserialize0"]), 6006),
    "next one that is fed": (put("mxpi_imageresize0", "next", value="mxpi_dataserialize0"), 6006),
    "no next": (drop("mxpi_imageresize0", "next"), 6016),
    "next behind the sink": (put("appsink0", "next", value="appsrc0"), 6006),
    "no source": (drop("appsrc0"), 6016),
    "no sink": (lambda stream: (drop("appsink0")(stream), drop("mxpi_dataserialize0", "next")(stream)), 6016),
    "nextMeta nobody": (put("mxpi_imageresize0", "nextMeta", value="nosuch"), 1004),
    "nextMeta a number": (put("mxpi_imageresize0", "nextMeta", value=[3]), 1004),
    "nextMeta a sink": (put("mxpi_imageresize0", "nextMeta", value="appsink0"), 6015),
    # stream_config
    "number of a device": (put("stream_config", "deviceId", value=0), 1004),
    "null device": (put("stream_config", "deviceId", value=None), 1004),
    "device -1": (put("stream_config", "deviceId", value="-1"), 1004),
    "device abc": (put("stream_config", "deviceId", value="abc"), 1004),
    "device 00": (put("stream_config", "deviceId", value="00"), 1004),
    "device with a blank": (put("stream_config", "deviceId", value=" 0"), 1004),
    "empty device": (put("stream_config", "deviceId", value=""), 1004),
    "huge device": (put("stream_config", "deviceId", value="9" * 5000), 1004),
    "text for stream_config": (put("stream_config", value="x"), 6005),
    "element on another device": (put("mxpi_tensorinfer0", "props", "deviceId", value="1"), 6015),
    "element on device 0x0": (put("mxpi_tensorinfer0", "props", "deviceId", value="0x0"), 6015),
}

ACCEPTED: dict[str, bytes] = {
    "plain": VALID,
    "4 blanks between": PRETTY,
    "tabs and CRLF": json.dumps({"S": elements()}, indent="\t").replace("\n", "\r\n").encode(),
    "byte order mark": b"\xef\xbb\xbf" + VALID,
    "NUL at the end": VALID + b"\0",
    "UTF-8 name": VALID.replace(b'"S"', '"流"'.encode()),
    "element twice, the last wins": VALID.replace(b'"appsink0": {', b'"appsink0": {"factory": "nosuch"}, "appsink0": {'),
    "stream twice, the last wins": b'{"S": {"a": 1}, ' + VALID[1:],
    "property name": changed(resize_prop("name", "zzz")),
    "blank before a number": changed(resize_prop("resizeHeight", " 224")),
    "hexadecimal": changed(resize_prop("resizeHeight", "0xE0")),
    "empty props": changed(put("appsink0", "props", value={})),
    "no props": changed(lambda stream: (stream["appsink0"].pop("props"), stream["appsrc0"].pop("props"))),
    "ignored property of a source": changed(put("appsrc0", "props", "is-live", value="true")),
    "ignored property of a sink": changed(put("appsink0", "props", "sync", value="false")),
    "max-bytes": changed(put("appsrc0", "props", "max-bytes", value="1000000")),
    "unknown key of a source": changed(put("appsrc0", "comment", value="x")),
    "next in a list": changed(put("mxpi_imageresize0", "next", value=["mxpi_tensorinfer0"])),
    "next with a port": changed(put("mxpi_imageresize0", "next", value="mxpi_tensorinfer0:0")),
    "nextMeta": changed(put("mxpi_imageresize0", "nextMeta", value="mxpi_tensorinfer0")),
    "source called camera": changed(renamed("appsrc0", "camera")),
    "source called appsrc3": changed(renamed("appsrc0", "appsrc3")),
    "sink called appsink5": changed(renamed("appsink0", "appsink5", "mxpi_dataserialize0")),
    "reversed order": json.dumps({"S": dict(reversed(elements().items()))}).encode(),
    "no stream_config": changed(drop("stream_config")),
    "empty stream_config": changed(put("stream_config", value={})),
    "more in stream_config": changed(put("stream_config", "foo", value="1")),
    "device 9": changed(put("stream_config", "deviceId", value="9")),
    "element on the same device": changed(put("mxpi_tensorinfer0", "props", "deviceId", value="0")),
}


@pytest.mark.parametrize("case", TEXTS)
def test_refused_texts(case: str) -> None:
    text, code = TEXTS[case]
    assert refusal(text).vendor_code == code


@pytest.mark.parametrize("case", CHANGES)
def test_refused_streams(case: str) -> None:
    change, code = CHANGES[case]
    assert refusal(changed(change)).vendor_code == code


@pytest.mark.parametrize("case", ACCEPTED)
def test_accepted(case: str) -> None:
    [stream] = parse_pipeline(ACCEPTED[case])
    assert len(stream.elements) == len(CHAIN)
    assert {element.factory for element in stream.elements.values()} == {factory for factory, _ in CHAIN}


def test_the_stream() -> None:
    [stream] = parse_pipeline(VALID)
    resize = stream.elements["mxpi_imageresize0"]
    assert (stream.name, stream.device_id) == ("S", 0)
    assert list(stream.elements) == [f"{factory}0" for factory, _ in CHAIN]
    assert (resize.name, resize.factory, resize.next) == ("mxpi_imageresize0", "mxpi_imageresize", ("mxpi_tensorinfer0",))
    assert (resize.props["resizeWidth"], resize.props["resizeType"], resize.props["dataSource"]) == (224, "Resizer_Stretch", "auto")
    assert stream.elements["appsink0"].next == ()


def test_streams_come_by_name() -> None:
    names = ["b", "a", "c"]
    assert [stream.name for stream in parse_pipeline(json.dumps({name: elements() for name in names}).encode())] == sorted(names)


def test_the_device() -> None:
    assert parse_pipeline(ACCEPTED["device 9"])[0].device_id == 9
    assert parse_pipeline(ACCEPTED["no stream_config"])[0].device_id == 0


def test_next_meta_sets_the_data_source() -> None:
    [stream] = parse_pipeline(changed(put("mxpi_imagedecoder0", "nextMeta", value=["mxpi_tensorinfer0", "mxpi_dataserialize0:0"])))
    sources = {name: element.props.get("dataSource") for name, element in stream.elements.items()}
    assert (sources["mxpi_tensorinfer0"], sources["mxpi_dataserialize0"]) == ("mxpi_imagedecoder0", "mxpi_imagedecoder0")
    assert sources["mxpi_imageresize0"] == "auto"


def test_elements_of_a_factory_come_by_name() -> None:
    chains = {f"appsrc{number}": {"factory": "appsrc", "next": f"appsink{number}"} for number in (2, 10, 1)} | {
        f"appsink{number}": {"factory": "appsink"} for number in (2, 10, 1)
    }
    [stream] = parse_pipeline(json.dumps({"S": chains}).encode())
    assert [element.name for element in stream.of_factory("appsrc")] == ["appsrc1", "appsrc10", "appsrc2"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (resize_prop("resizeHeight", "4097"), "Element 'mxpi_imageresize0': property 'resizeHeight' is 4097, outside 0..4096."),
        (
            resize_prop("resizeHeight", 224),
            "Element 'mxpi_imageresize0': property 'resizeHeight' must be in quotes, and 224 is not.",
        ),
        (resize_prop("resizeType", None), "Element 'mxpi_imageresize0': property 'resizeType' must be in quotes, and None is not."),
        (resize_prop("nosuch", "1"), "Element 'mxpi_imageresize0': mxpi_imageresize has no property 'nosuch'."),
        (put("appsink0", "factory", value="sink"), "Element 'appsink0': unknown plugin 'sink'."),
        (put("appsink0", "factory", value=None), "Element 'appsink0': unknown plugin None."),
        (drop("appsink0", "factory"), "Stream 'S': element 'appsink0' has no factory."),
        (put("mxpi_imageresize0", "comment", value="x"), "Element 'mxpi_imageresize0' has an unknown key 'comment'."),
        (put("appsrc0", "next", value="x"), "Stream 'S': element 'appsrc0' cannot be linked to 'x', which does not exist."),
        (drop("appsrc0", "next"), "Stream 'S': element 'appsrc0' is without an output."),
        (put("stream_config", "deviceId", value=0), "Stream 'S': deviceId must be a number in quotes, as \"0\", not 0."),
    ],
)
def test_messages_name_element_and_property(change: Change, words: str) -> None:
    assert refusal(changed(change)).message == words


def test_a_deep_value_makes_a_short_message() -> None:
    for depth in (10, 100, 500, 900, 950, 980):
        text = VALID.replace(b'"409600"', b"[" * depth + b"]" * depth)
        assert len(refusal(text).message) < 300
