import io
import struct
import tracemalloc
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.bounded_zip import ZipTooLarge, open_zip
from tests.convert.checkpoints.zip_made import archive

VALID = archive({"a/one": b"12345678", "a/two": b"abc"})
CONTENT = {"a/one": b"12345678", "a/two": b"abc"}
END = len(VALID) - 22
DIRECTORY = VALID.index(b"PK\x01\x02")
SECOND = VALID.index(b"PK\x01\x02", DIRECTORY + 1)


def read(data: bytes, max_entries: int = 100, max_directory_bytes: int = 10_000) -> dict[str, bytes]:
    with open_zip(io.BytesIO(data), max_entries, max_directory_bytes) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def patched(place: int, form: str, value: int, data: bytes = VALID) -> bytes:
    changed = bytearray(data)
    struct.pack_into(form, changed, place, value)
    return bytes(changed)


def with_end64(data: bytes = VALID, *, count: int = 2, place: int = END, length: int = 44, disks: int = 1) -> bytes:
    """The archive with an end record of 64 bits before the other, as it is written for more than 65,535 entries."""
    end64 = struct.pack("<4sQ2H2I4Q", b"PK\x06\x06", length, 45, 45, 0, 0, count, count, END - DIRECTORY, DIRECTORY)
    locator = struct.pack("<4sIQI", b"PK\x06\x07", 0, place, disks)
    return data[:END] + end64 + locator + data[END : END + 12] + b"\xff" * 8 + b"\0\0"


def test_what_is_in_it() -> None:
    assert read(VALID) == CONTENT
    assert read(archive({})) == {}


def test_a_comment_is_no_obstacle() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("a", b"1")
        file.comment = b"c" * 65535
    assert read(buffer.getvalue()) == {"a": b"1"}
    with pytest.raises(zipfile.BadZipFile, match="truncated"):
        read(buffer.getvalue()[:-1])


def test_an_end_record_of_64_bits() -> None:
    assert read(with_end64()) == CONTENT


def test_sizes_of_64_bits() -> None:
    extra = struct.pack("<HHHHQQ", 7, 0, 1, 16, 8, 8)
    first = bytearray(VALID[DIRECTORY:SECOND])
    struct.pack_into("<II", first, 20, 0xFFFFFFFF, 0xFFFFFFFF)
    struct.pack_into("<H", first, 30, len(extra))
    end = patched(12, "<I", END - DIRECTORY + len(extra), VALID[END:])
    whole = VALID[:DIRECTORY] + bytes(first) + extra + VALID[SECOND:END] + end
    assert read(whole) == CONTENT
    with pytest.raises(zipfile.BadZipFile, match="reaches beyond"):
        read(whole.replace(extra, bytes(len(extra))))


def entries(data: bytes) -> int:
    with open_zip(io.BytesIO(data), 65_540, 10 << 20) as opened:
        return len(opened.namelist())


def test_more_entries_than_the_end_record_can_count() -> None:
    data = archive({f"{n}": b"" for n in range(65_540)})
    assert entries(data) == 65_540
    count = data.rindex(b"PK\x06\x06") + 24
    lower_half = patched(count + 8, "<Q", 4, patched(count, "<Q", 4, data))
    assert entries(lower_half) == 65_540


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "no end record"),
        (b"PK\x03\x04", "truncated"),
        (VALID[:-1], "truncated"),
        (VALID + b"\0", "something follows"),
        (VALID[: DIRECTORY + 5], "truncated"),
        (VALID[4:], "not where its end says"),
        (b"MZ" + VALID, "not where its end says"),
        (VALID[:END] + b"x" + VALID[END:], "not where its end says"),
        (patched(END + 4, "<H", 1), "does not fit"),
        (patched(END + 10, "<H", 3), "does not fit"),
        (patched(END + 8, "<I", 0x00030003), "has 2 entries, its end says 3"),
        (patched(END + 12, "<I", 10**9), "not where its end says"),
        (with_end64(count=3), "has 2 entries, its end says 3"),
        (with_end64(place=END - 1), "64-bit end record"),
        (with_end64(place=2**64 - 1), "64-bit end record"),
        (with_end64(length=100), "64-bit end record"),
        (with_end64(disks=2), "64-bit end record"),
        (with_end64().replace(b"PK\x06\x06", b"PK\x06\x05"), "64-bit end record"),
        (with_end64()[END + 56 :], "shorter than its end record says"),
        (patched(DIRECTORY + 16, "<I", 7), "CRC-32 for file 'a/one'"),
        (VALID.replace(b"345", b"354"), "CRC-32 for file 'a/one'"),
        (patched(DIRECTORY + 42, "<I", 2), "Bad magic number for file header"),
        (patched(SECOND + 42, "<I", 0), "'a/two' overlaps|'a/one' overlaps"),
        (patched(SECOND + 42, "<I", 20), "'a/two' overlaps"),
        (patched(SECOND + 42, "<I", 2**31), "'a/two' reaches beyond"),
        (patched(SECOND + 20, "<I", 60), "'a/two' reaches beyond"),
        (patched(SECOND + 20, "<I", 0xFFFFFFFE), "'a/two' reaches beyond"),
        (patched(SECOND, "<I", 0), "Bad magic number for central directory"),
        (patched(SECOND + 28, "<H", 3), "Truncated central directory"),
        (VALID.replace(b"a/two", b"a/one", 1), "'a/two' and header b'a/one' differ"),
    ],
)
def test_what_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(zipfile.BadZipFile, match=message):
        read(data)


@pytest.mark.parametrize(
    ("max_entries", "max_directory_bytes", "message"),
    [(1, 10_000, "2 entries, more than 1"), (2, END - DIRECTORY - 1, f"directory of {END - DIRECTORY} bytes")],
)
def test_the_bounds(max_entries: int, max_directory_bytes: int, message: str) -> None:
    assert read(VALID, 2, END - DIRECTORY) == CONTENT
    with pytest.raises(ZipTooLarge, match=message):
        read(VALID, max_entries, max_directory_bytes)


@pytest.mark.parametrize("claimed", [1, 0xFFFF])
def test_a_directory_costs_no_more_than_its_bytes_whatever_the_end_record_claims(claimed: int) -> None:
    """ZipFile alone would make 100 MB of these 9."""
    entry = VALID[DIRECTORY : DIRECTORY + 46 + 1].replace(b"\x05\0\0\0\0\0", b"\x01\0\0\0\0\0")
    directory = entry * 200_000
    data = io.BytesIO(directory + struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, claimed, claimed, len(directory), 0, 0))
    tracemalloc.start()
    try:
        with pytest.raises(ZipTooLarge, match="200000 entries"):
            open_zip(data, 199_999, 10_000_000)
        with pytest.raises(ZipTooLarge, match="directory of"):
            open_zip(data, 199_999, 9_000_000)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 1.5 * len(directory)


@settings(max_examples=150)
@given(
    st.sampled_from([VALID, with_end64(), archive(CONTENT, zipfile.ZIP_DEFLATED)]),
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 4), st.binary(max_size=4)), min_size=1, max_size=4),
)
def test_any_mutation_opens_or_is_refused(data: bytes, edits: list[tuple[float, int, bytes]]) -> None:
    for place, length, new in edits:
        start = int(place * len(data))
        data = data[:start] + new + data[start + length :]
    try:
        with open_zip(io.BytesIO(data), 100, 10_000) as opened:
            entries = opened.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError):
        return
    assert sum(entry.compress_size for entry in entries) < len(data)
