"""JSON of one image or several, from any editor."""

import codecs

import pytest

from server.api.image_body import ImageBody
from server.api.image_json import begins_like_json, read_json
from server.errors import BadRequest

JSON = '{"image": "aGVsbG8=\\n", "top_k": 3}'


@pytest.mark.parametrize("mark", [b"", codecs.BOM_UTF8])
def test_the_mark_of_utf_8_is_left_out(mark: bytes) -> None:
    assert read_json(mark + JSON.encode(), 1) == ImageBody([b"hello"], {"top_k": "3"})


def test_line_ends_of_a_shell_are_left_out() -> None:
    assert read_json(b'{\r\n"image":\n"aGVs\r\nbG8=\n",\n"top_k": 3\n}\n', 1) == ImageBody([b"hello"], {"top_k": "3"})
    with pytest.raises(BadRequest, match="control character"):
        read_json(b'{"image": "aGVs\x01"}', 1)


@pytest.mark.parametrize("encoding", ["UTF-16", "UTF-16LE", "UTF-16BE", "UTF-32"])
def test_another_encoding_is_named(encoding: str) -> None:
    body = JSON.encode(encoding)
    assert begins_like_json(body)
    with pytest.raises(BadRequest, match=f"is {encoding}.*iconv -f {encoding} -t UTF-8"):
        read_json(body, 1)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"images": ["AAAA", "AAAA"]}', "more than one image. POST /classify takes one; send several to POST /classify/batch"),
        (b'{"image": "AAAA", "images": ["AAAA"]}', "more than one image"),
        (b'{"topk": 3}', "'topk' is unknown. Did you mean 'top_k'"),
        (b'{"image": "\xe9"}', "JSON body"),
        (b"[]", "JSON body: body: Input should be an object"),
    ],
)
def test_what_is_refused(body: bytes, words: str) -> None:
    with pytest.raises(BadRequest, match=words):
        read_json(body, 1)


@pytest.mark.parametrize(
    ("body", "expected"), [(b" \r\n{", True), (b"\xef\xbb\xbf{}", True), (b"", False), (b"[", False), (b"\xff\xd8\xff{", False)]
)
def test_the_first_character(body: bytes, expected: bool) -> None:
    assert begins_like_json(body) is expected
