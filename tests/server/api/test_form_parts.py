"""Forms as clients write them: boundaries, headers of parts, what stands before and behind."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.api.form_parts import MAX_PREAMBLE_BYTES, FormParts, HeaderValue, Part, parsed_header
from server.errors import BadRequest, ServiceError, UnsupportedCoding


class Collected(FormParts):
    """Each part, and its content."""

    def __init__(self, content_type: HeaderValue) -> None:
        super().__init__(content_type)
        self.parts: list[tuple[Part, bytes]] = []

    def begin_part(self, part: Part) -> None:
        self.parts.append((part, b""))

    def take(self, data: bytes) -> None:
        part, content = self.parts[-1]
        self.parts[-1] = part, content + data


def read(body: bytes, kind: str = "multipart/form-data; boundary=b", size: int = 1000) -> list[tuple[Part, bytes]]:
    form = Collected(parsed_header("content-type", kind))
    for at in range(0, len(body), size):
        form.feed(body[at : at + size])
    form.finish()
    return form.parts


def one(headers: str, content: bytes = b"content") -> bytes:
    return b"--b\r\n" + headers.encode() + b"\r\n\r\n" + content + b"\r\n--b--\r\n"


BODY = one('Content-Disposition: form-data; name="a"')


@pytest.mark.parametrize(
    "kind", ["boundary=b", 'boundary="b"', "charset=utf-8; Boundary=b", "boundary=b ", "boundary=b; charset=utf-8", "boundary=b;"]
)
def test_boundaries(kind: str) -> None:
    assert read(BODY, f"Multipart/Form-Data; {kind}") == [(Part("a"), b"content")]


@given(
    st.sampled_from(["", "\r\n", "This is a message.\r\n", "--\r\n--x\r\n", "x" * 3000 + "\r\n"]),
    st.sampled_from(["", "\r\n", "The end.", "\r\n--b\r\nmore"]),
    st.integers(1, 5000),
)
def test_what_stands_before_and_behind(preamble: str, epilogue: str, size: int) -> None:
    assert read(preamble.encode() + BODY.rstrip() + epilogue.encode(), size=size) == [(Part("a"), b"content")]


@given(
    st.sampled_from(["Content-Disposition", "content-disposition", "CONTENT-DISPOSITION"]),
    st.sampled_from(
        ["form-data; name=a", 'form-data; name="a"', 'form-data ; NAME="a" ', "attachment;name=a", "form-data; name*=UTF-8''a"]
    ),
    st.sampled_from([("", None), ('; filename=""', ""), ("; filename=x.png", "x.png"), ("; filename*=UTF-8''%e7%8c%ab.png", "猫.png")]),
    st.sampled_from(
        ["", "\r\nContent-Transfer-Encoding: binary", "\r\ncontent-transfer-encoding: 8BIT ", "\r\nContent-Type: image/png\r\nX-Other: 1"]
    ),
)
def test_headers_of_a_part(header: str, name: str, file: tuple[str, str | None], more: str) -> None:
    assert read(one(f"{header}: {name}{file[0]}{more}")) == [(Part("a", file[1]), b"content")]


def test_a_part_without_a_name() -> None:
    assert read(one("Content-Type: image/png")) == [(Part(), b"content")]


@pytest.mark.parametrize(
    ("body", "kind", "error", "words"),
    [
        (BODY, "", BadRequest, "no boundary"),
        (BODY, "boundary=c", BadRequest, "no line '--c'"),
        (b"x" * MAX_PREAMBLE_BYTES + b"xxxx\r\n" + BODY, "boundary=b", BadRequest, "no line '--b'"),
        (BODY, "boundary=" + "b" * 300, BadRequest, "boundary"),
        (BODY, "boundary=猫", BadRequest, "boundary"),
        (BODY[:-6], "boundary=b", BadRequest, "before its closing"),
        (one("Content-Disposition: form-data\r\nContent-Disposition: form-data"), "boundary=b", BadRequest, "content-disposition twice"),
        (one("Content-Transfer-Encoding: quoted-printable"), "boundary=b", UnsupportedCoding, "'quoted-printable'"),
        (one("Content-Disposition" + ";a" * 40), "boundary=b", BadRequest, "."),
    ],
)
def test_what_is_refused(body: bytes, kind: str, error: type[ServiceError], words: str) -> None:
    with pytest.raises(error, match=words):
        read(body, f"multipart/form-data; {kind}")


@pytest.mark.parametrize("charset", ["punycode", "idna", "utf-7", "zlib", "x" * 30_000])
def test_a_client_chooses_no_decoder(charset: str) -> None:
    """Python's punycode takes the square of the length: 30 KB are a tenth of a second of the event loop."""
    with pytest.raises(BadRequest, match="The header content-type cannot be read"):
        parsed_header("content-type", f"image/jpeg; x*={charset}''{'A' * 30_000}")
    assert parsed_header("content-type", "image/jpeg; x*=ISO-8859-1''%E9").parameters == {"x": "é"}
