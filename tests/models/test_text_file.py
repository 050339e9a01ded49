"""One reader of text: every usual spelling of the same lines is the same text, and another encoding is named."""

import codecs
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.text_file import decode_text, read_text, text_lines

LINES = st.lists(st.text(st.characters(exclude_characters="\r\n\ufeff\0", exclude_categories=["Cs"])), max_size=5)


@given(LINES, st.sampled_from(("\n", "\r\n", "\r")), st.booleans())
def test_marks_and_line_ends_do_not_matter(lines: list[str], end: str, marked: bool) -> None:
    content = "".join(line + end for line in lines).encode()
    assert text_lines(decode_text(codecs.BOM_UTF8 * marked + content)) == lines


@given(st.lists(st.text("abc 0129.\n", min_size=4), min_size=1), st.sampled_from(("utf-16", "utf-32", "utf-16-le", "utf-16-be")))
def test_another_encoding_is_named(lines: list[str], encoding: str) -> None:
    with pytest.raises(ValueError, match=f"(?i)it is {encoding[:6]}.*iconv"):
        decode_text("\n".join(lines).encode(encoding))


def test_a_byte_that_is_not_utf8_is_told_with_its_line() -> None:
    with pytest.raises(ValueError, match=r"line 2 is not UTF-8 \(byte 0xe4\)"):
        decode_text("cat\nKäse\n".encode("latin-1"))


@given(st.binary(max_size=50))
def test_any_bytes_are_text_or_refused(content: bytes) -> None:
    try:
        text = decode_text(content)
    except ValueError:
        return
    assert text.encode().replace(b"\n", b"") == content.removeprefix(codecs.BOM_UTF8).translate(None, b"\r\n")


def test_a_large_file_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"\xff" * 11)
    with pytest.raises(ValueError, match="more than 10 bytes"):
        read_text(tmp_path / "a", 10)
