"""Properties of elements, as the vendor takes or refuses them."""

import json
from contextlib import suppress

from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipelines.cpu.text.spec import parse_pipeline
from pipelines.pipeline_errors import PipelineError
from tests.pipelines.cpu.text.texts_made import VALID, elements, put


def parses_or_refuses(text: bytes) -> None:
    with suppress(PipelineError):
        parse_pipeline(text)


@settings(deadline=None)
@given(text=st.binary(max_size=200))
@example(text=b"\xef\xbb\xbf")
@example(text=b'{"S":{"stream_config":{}}}')
@example(text=b'{"S":{"a":{"factory":"appsrc","next":"a"}}}')
@example(text=b'{"S":{"a":{"factory":[]}}}')
@example(text=b'{"S":{"a":{"factory":"appsrc","props":{"blocksize":1e999}}}}')
@example(text=b'{"\\ud800":{"a":{"factory":"appsrc"}}}')
def test_any_bytes_parse_or_are_refused(text: bytes) -> None:
    parses_or_refuses(text)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from(["appsrc", "appsink0", "0", "a:0"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["props", "factory", "next", "nextMeta", "x"]), inner),
    max_leaves=10,
)
paths = st.sampled_from(
    [(name, *rest) for name in elements() for rest in ((), ("props",), ("next",), ("factory",), ("deviceId",), ("props", "deviceId"))]
)


@settings(max_examples=100, deadline=None)
@given(path=paths, value=json_values)
def test_any_change_of_a_value_parses_or_is_refused(path: tuple[str, ...], value: object) -> None:
    stream = elements()
    put(*path, value=value)(stream)
    parses_or_refuses(json.dumps({"S": stream}).encode("utf-8", "surrogatepass"))


@settings(max_examples=100, deadline=None)
@given(
    at=st.integers(0, len(VALID) - 1),
    length=st.integers(0, 30),
    piece=st.binary(max_size=8) | st.sampled_from([b"[" * 2000, b"9" * 5000, b'"\\ud83d"', b"\\", b"\\u", b'"', b"1e400", b"-0", b"NaN"]),
)
def test_any_change_of_the_text_parses_or_is_refused(at: int, length: int, piece: bytes) -> None:
    parses_or_refuses(VALID[:at] + piece + VALID[at + length :])


names = st.sampled_from(["a", "b", "c", "appsink0", "appsink1"])
targets = st.one_of(names, names.map("{}:0".format), names.map("{}:1".format))
bodies = st.fixed_dictionaries(
    {"factory": st.sampled_from(["appsrc", "appsink", "queue", "tee", "identity", "fakesink", "mxpi_dataserialize"])},
    optional={"next": st.lists(targets, max_size=3), "nextMeta": st.lists(targets, max_size=2)},
)


@settings(max_examples=150, deadline=None)
@given(stream=st.dictionaries(names, bodies, min_size=1))
def test_any_graph_is_linked_through_or_refused(stream: dict[str, dict[str, object]]) -> None:
    with suppress(PipelineError):
        [parsed] = parse_pipeline(json.dumps({"S": stream}).encode())
        fed = [name for element in parsed.elements.values() for name in element.next]
        sources = {name for name, body in stream.items() if body["factory"] == "appsrc"}
        assert sorted(fed) == sorted(set(stream) - sources)
        for element in parsed.elements.values():
            assert element.factory == "tee" or len(element.next) == (element.factory not in ("appsink", "fakesink"))
