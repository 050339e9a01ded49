import json

import pytest

from pipelines.cpu.text.pipeline_text import read_streams
from pipelines.pipeline_errors import PipelineError


def test_streams_come_by_name() -> None:
    assert read_streams('{"b":1,"a":2,"流":3,"B":4,"a":5}'.encode()) == [("B", 4), ("a", 5), ("b", 1), ("流", 3)]


@pytest.mark.parametrize("text", [b'\xef\xbb\xbf{"S":1}', b'{"S":1}\0', b'{"S":1} \0 } \xff', b' \r\n\t{"S":1}\n'])
def test_what_stands_around_the_text(text: bytes) -> None:
    assert read_streams(text) == [("S", 1)]


def test_numbers_the_engine_reads() -> None:
    assert read_streams(b'{"S":[1e308,%s,-0,0.5]}' % (b"9" * 308)) == [("S", [1e308, int("9" * 308), 0, 0.5])]


@pytest.mark.parametrize(
    "text",
    [
        *(b"\0", b'{"S\0":1}', b'\xef\xbb\xbf\xef\xbb\xbf{"S":1}', b"\xef\xbb", b'{"S":01}', b'{"S":1e400}', b'{"S":%s}' % (b"9" * 310)),
        *(b'{"S":"\\udc00"}', b'{"S":"\xed\xa0\x80"}', b'{"S":"\x01"}', b'{"S":"\\u0020\\u0020"}', b'{"S":"\\u007f"}', b'{"S":1}1'),
    ],
)
def test_refused(text: bytes) -> None:
    with pytest.raises(PipelineError) as caught:
        read_streams(text)
    assert caught.value.vendor_code == 6005


def test_control_characters_are_the_elements_matter() -> None:
    assert read_streams(json.dumps({"S\n": "\t\x01"}).encode()) == [("S\n", "\t\x01")]
