"""Forms that arrive in pieces of every size."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from server.api.archive_form import MAX_EMPTY_FILES, MAX_FIELD_BYTES, read_archive_form
from server.errors import BadRequest, UnsupportedCoding

ARCHIVE = bytes(range(256)) * 50 + b"\r\n--"


def part(name: str, content: bytes, more: str = "") -> bytes:
    return f'--b\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n'.encode() + content + b"\r\n"


EMPTY = '; filename=""'
FORM = part("top_k", b"3") + part("archive", ARCHIVE, '; filename="set.zip"') + part("labels", "ü.txt".encode())


def read(form: bytes, size: int = 1000, kind: str = "multipart/form-data; boundary=b") -> tuple[dict[str, str], bytes, int]:
    """The fields, the archive, and the longest piece of it."""
    stored: list[bytes] = []

    async def pieces() -> AsyncIterator[bytes]:
        for at in range(0, len(form), size):
            yield form[at : at + size]

    async def store(data: bytes) -> None:
        stored.append(data)

    fields = asyncio.run(read_archive_form(kind, pieces(), store))
    return fields, b"".join(stored), max(map(len, stored), default=0)


@pytest.mark.parametrize("size", [1, 7, 1000, 1 << 20])
def test_fields_and_archive(size: int) -> None:
    fields, archive, longest = read(FORM + b"--b--\r\n", size)
    assert (fields, archive) == ({"top_k": "3", "labels": "ü.txt"}, ARCHIVE)
    assert longest <= size + 8  # what may have been the beginning of a boundary


@pytest.mark.parametrize(
    ("form", "words"),
    [
        (FORM, "before its closing boundary"),
        (part("top_k", b"3") + b"--b--\r\n", "no file `archive`"),
        (FORM + part("top_k", b"3") + b"--b--\r\n", "twice"),
        (FORM + part("archive", b"3") + b"--b--\r\n", "two files"),
        (b"--b\r\nContent-Type: text/plain\r\n\r\nx\r\n--b--\r\n", "no name"),
        (part("labels", bytes(MAX_FIELD_BYTES + 1)), "more than 4096 bytes"),
        (part("labels", b"a,b", '; filename="bad.csv"'), "takes the name of a list inside the archive"),
        (part("topk", b"3"), "'topk' is unknown. Did you mean 'top_k'"),
        (part("archive", b"", EMPTY) * (MAX_EMPTY_FILES + 2), "more than 8 empty files"),
        (FORM + part("more", b"3", '; filename="b.zip"') + b"--b--\r\n", "two files"),
        (b"--b\r\nX: " + b"x" * 100_000, "cannot be read"),
        (b"rubbish", "has no line '--b'"),
    ],
    ids=[
        "cut",
        "no-archive",
        "field-twice",
        "archive-twice",
        "no-name",
        "long-field",
        "labels-file",
        "unknown-field",
        "empty-files",
        "two-files",
        "long-header",
        "rubbish",
    ],
)
def test_what_is_refused(form: bytes, words: str) -> None:
    with pytest.raises(BadRequest, match=words):
        read(form)


def test_no_boundary() -> None:
    with pytest.raises(BadRequest, match="no boundary"):
        read(FORM, kind="multipart/form-data")


@pytest.mark.parametrize("name", ["file", "upload", "archive[]", "set", ""])
@pytest.mark.parametrize("size", [3, 1000])
def test_one_file_is_the_archive_whatever_its_field(name: str, size: int) -> None:
    form = part(name, ARCHIVE, '; filename="set.zip"') + part("other", b"", EMPTY) + part("submit", b"Send") + part("_charset_", b"utf-8")
    assert read(b"This is a form.\r\n" + form + b"--b--\r\nThe end.", size)[:2] == ({}, ARCHIVE)


def test_a_text_field_with_a_file_name_is_no_archive() -> None:
    with pytest.raises(BadRequest, match="no file `archive`"):
        read(part("dataset", b"val", '; filename="a"') + b"--b--\r\n")


def test_base64_is_named() -> None:
    with pytest.raises(UnsupportedCoding, match="base64"):
        read(part("archive", b"UEs=", "\r\nContent-Transfer-Encoding: BASE64"))
