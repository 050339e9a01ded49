"""Base64 in every spelling of tools gives the same bytes, and what is not base64 is refused."""

import base64
from collections.abc import Callable
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.api.base64_text import DECODED_AT_ONCE, decode_base64
from server.errors import BadRequest

LINE_ENDS = st.sampled_from(["", "\n", "\r\n", " ", "\t", "\n\n"])


@given(
    st.binary(max_size=400), st.integers(1, 80), LINE_ENDS, st.booleans(), st.booleans(), LINE_ENDS, st.sampled_from(["", "data:", "DATA:"])
)
def test_every_spelling(content: bytes, width: int, line_end: str, url_safe: bool, padded: bool, end: str, scheme: str) -> None:
    text = (base64.urlsafe_b64encode if url_safe else base64.b64encode)(content).decode()
    text = line_end.join(text[at : at + width] for at in range(0, len(text), width))
    text = (text if padded else text.rstrip("=")) + end
    assert decode_base64(f"{scheme}image/png;BASE64,{text}" if scheme else text) == content


@pytest.mark.parametrize("less", range(-5, 6))
@pytest.mark.parametrize("written", [base64.b64encode, base64.encodebytes, base64.urlsafe_b64encode])
def test_longer_than_a_step(written: type, less: int) -> None:
    content = bytes(range(251)) * (DECODED_AT_ONCE * 2 // 251)
    content = content[: len(content) + less - 5]
    assert decode_base64(written(content).decode()) == content
    assert decode_base64(written(content).decode().rstrip("=\n")) == content
    assert decode_base64(quote(written(content).decode(), safe="")) == content


@pytest.mark.parametrize(
    "around",
    [
        "data:image/jpeg;charset=utf-8;base64,{}",
        'data:image/jpeg;name="a, b.jpg";base64,{}',
        "data:;base64,{}",
        "data:image/jpeg;base64, {}\n",
        "\ufeff{}",
        "\ufeffdata:image/jpeg;base64,{}",
        "-----BEGIN CERTIFICATE-----\r\n{}\r\n-----END CERTIFICATE-----\r\n",
    ],
    ids=["a parameter", "a comma in a name", "no type", "a blank", "a byte order mark", "a mark and a URL", "certutil of Windows"],
)
@pytest.mark.parametrize("spelt", [str, quote, lambda text: quote(text, safe="").replace("%2B", "%2b")], ids=["plain", "quoted", "lower"])
def test_what_tools_write_around_it(around: str, spelt: Callable[[str], str]) -> None:
    content = bytes(range(256))
    assert decode_base64(around.format(spelt(base64.b64encode(content).decode()))) == content


def test_a_url_is_not_fetched() -> None:
    with pytest.raises(BadRequest, match=r"is a URL, and this server does not fetch any\. Fetch it, and send its bytes"):
        decode_base64("https://example.com/cat.jpg")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("AAA!", "it has the character '!'"),
        ("AAAAé", "it has the character 'é'"),
        ("AAAAA", "a character is left over"),
        ("AA==AAAA", "not base64"),
        ("AA==\nAAAA", "not base64"),
        ("AAA==", "not base64"),
        ("=", "not base64"),
        ("b'AAAA'", "it has the character"),
        ("data:image/png;base64", "no comma"),
        ("data:" + "x" * 300 + ",AAAA", "no comma"),
        ("data:image/svg+xml,%3Csvg", "it has the character '%'"),
        ("AAAA" * (DECODED_AT_ONCE // 4) + "AA==" + "AAAA" * DECODED_AT_ONCE, "not base64"),
        ("AAAA" * (DECODED_AT_ONCE // 4 - 1) + "AA==\nAAAA", "padded before its end"),
    ],
)
def test_what_is_not_base64(text: str, words: str) -> None:
    with pytest.raises(BadRequest, match=words):
        decode_base64(text)


@given(st.text("AB+/-_= \n!é", max_size=12))
def test_whatever_is_taken_means_one_thing(text: str) -> None:
    """What is taken is what Python reads after the blanks are left out, the alphabet is one, and the padding is complete."""
    try:
        content = decode_base64(text)
    except BadRequest:
        return
    plain = "".join(text.split()).replace("-", "+").replace("_", "/").rstrip("=")
    assert content == base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
