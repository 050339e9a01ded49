"""Which part of a form is an image, an option, or nothing."""

import base64

import pytest

from server.api.form_parts import parsed_header
from server.api.image_body import ImageBody
from server.api.image_form import MAX_FIELD_BYTES, read_form
from server.errors import BadRequest
from tests.level_model import level_png

IMAGE = level_png(8)


def part(name: str, content: bytes, more: str = "") -> bytes:
    return f'--b\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n'.encode() + content + b"\r\n"


def read(*parts: bytes, limit: int = 1) -> ImageBody:
    return read_form(b"".join(parts) + b"--b--\r\n", parsed_header("content-type", "multipart/form-data; boundary=b"), limit)


FILE, EMPTY = '; filename="a.png"', '; filename=""\r\nContent-Type: application/octet-stream'
TOP_K = part("top_k", b"3")


@pytest.mark.parametrize("name", ["image", "images", "image[]", "images[0]", "file", "files[]", "Upload", "photo", "fichier", "猫", ""])
def test_one_file_has_any_name(name: str) -> None:
    assert read(part(name, IMAGE, FILE), TOP_K) == ImageBody([IMAGE], {"top_k": "3"})
    assert read(TOP_K, part(name, IMAGE)) == ImageBody([IMAGE], {"top_k": "3"})  # its bytes say that it is one


def test_what_browsers_add_is_left_out() -> None:
    added = [
        part("file2", b"", EMPTY),
        part("submit", b"Send"),
        part("_charset_", b"utf-8"),
        part("submit.x", b"1"),
        part("submit.y", b"2"),
    ]
    assert read(*added, part("image", IMAGE, FILE), *added) == ImageBody([IMAGE])
    assert read(*added) == ImageBody()


@pytest.mark.parametrize("coding", ["base64", "Base64 "])
def test_base64_is_decoded(coding: str) -> None:
    coded = base64.encodebytes(IMAGE).replace(b"\n", b"\r\n")
    assert read(part("image", coded, f"{FILE}\r\nContent-Transfer-Encoding: {coding}")) == ImageBody([IMAGE])


def test_a_data_url_is_decoded() -> None:
    assert read(part("image", b"data:image/png;base64," + base64.b64encode(IMAGE))) == ImageBody([IMAGE])


def test_base64_is_known_by_its_beginning() -> None:
    assert read(part("image", base64.b64encode(IMAGE))) == ImageBody([IMAGE])
    assert read(part("photo", base64.encodebytes(IMAGE), FILE)) == ImageBody([IMAGE])


def test_blanks_around_an_option_do_not_count() -> None:
    assert read(part("top_k", b" 3\r\n"), part("timeout_ms", b""), part("image", IMAGE)) == ImageBody([IMAGE], {"top_k": "3"})


def test_several_keep_their_order() -> None:
    parts = [part("a", b"1", FILE), part("b", b"", EMPTY), part("image[]", b"2"), part("c", b"3", FILE)]
    assert read(*parts, limit=3) == ImageBody([b"1", b"2", b"3"])


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ([part("a", IMAGE, FILE), part("b", IMAGE, FILE)], "more than one image. .*/classify/batch"),
        ([part("image", b"")] * 40, "more than one image. .*/classify/batch"),
        ([part("imge", b"x")], "field 'imge' is unknown. Did you mean 'image'"),
        ([part("topK", b"3")], "field 'topK' is unknown. Did you mean 'top_k'"),
        ([part("colour", b"3")], "known names are image, top_k, timeout_ms, coverage"),
        ([part("", b"3")], "field '' is unknown"),
        ([TOP_K, TOP_K], "'top_k' occurs twice"),
        ([part("top_k", b"3" * (MAX_FIELD_BYTES + 1))], "more than 1024 bytes"),
        (
            [part("image", b"/tmp/my cat.jpg")],
            r"holds the text '/tmp/my cat.jpg', not an image. Send the file: curl -F 'image=@/tmp/my cat.jpg'",
        ),
        ([part("file", b"cat.jpeg")], "curl -F file=@cat.jpeg"),
        ([part("image", b"~/photos/cat")], "curl -F 'image=@~/photos/cat'"),
        ([part("image", b"C:\\cat.png")], "not an image"),
        ([part("image", b"!", "\r\nContent-Transfer-Encoding: base64")], "not base64"),
    ],
)
def test_what_is_refused(parts: list[bytes], words: str) -> None:
    with pytest.raises(BadRequest, match=words):
        read(*parts)


@pytest.mark.parametrize("size", range(1, 12))
def test_boundaries_are_counted_where_pieces_meet(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.api.image_form.PIECE_BYTES", size)
    fields = [part("submit", b""), part("submit.x", b""), part("submit.y", b""), part("_charset_", b"")]
    assert read(*fields, *fields, TOP_K, part("image", IMAGE, FILE)) == ImageBody([IMAGE], {"top_k": "3"})  # 10, and 13 are taken
    with pytest.raises(BadRequest, match="parts for"):
        read(*fields, *fields, *fields, *fields, part("image", IMAGE, FILE))
