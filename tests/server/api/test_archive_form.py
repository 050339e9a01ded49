"""Forms that arrive in pieces of every size."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from server.api.archive_form import MAX_FIELD_BYTES, MAX_FIELDS, read_archive_form
from server.errors import BadRequest

ARCHIVE = bytes(range(256)) * 50 + b"\r\n--"


def part(name: str, content: bytes, more: str = "") -> bytes:
    return f'--b\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n'.encode() + content + b"\r\n"


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
        (FORM + part("archive", b"3") + b"--b--\r\n", "twice"),
        (b"--b\r\nContent-Type: text/plain\r\n\r\nx\r\n--b--\r\n", "no name"),
        (part("labels", bytes(MAX_FIELD_BYTES + 1)), "more than 4096 bytes"),
        (b"".join(part(str(number), b"") for number in range(MAX_FIELDS + 1)), "more than 8 fields"),
        (b"--b\r\nX: " + b"x" * 100_000, "cannot be read"),
        (b"rubbish", "cannot be read"),
    ],
    ids=["cut", "no-archive", "field-twice", "archive-twice", "no-name", "long-field", "many-fields", "long-header", "rubbish"],
)
def test_what_is_refused(form: bytes, words: str) -> None:
    with pytest.raises(BadRequest, match=words):
        read(form)


def test_no_boundary() -> None:
    with pytest.raises(BadRequest, match="no boundary"):
        read(FORM, kind="multipart/form-data")
