import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest

from convert.checkpoints.malformed import Malformed
from convert.checkpoints.weight_file import open_source
from convert.checkpoints.zip_archive import ZipArchive
from tests.convert.checkpoints.zip_made import archive

VALID = archive({"a/one": b"12345678", "a/two": b"abc"})
END = len(VALID) - 22
DIRECTORY = VALID.index(b"PK\x01\x02")
SECOND = VALID.index(b"PK\x01\x02", DIRECTORY + 1)
WRITTEN_BY = Path(__file__).parent / "written_by"


def read(tmp_path: Path, data: bytes, dtype: str = "u1") -> dict[str, list[int]]:
    (tmp_path / "made.zip").write_bytes(data)
    with open_source(tmp_path / "made.zip") as file:
        found = ZipArchive(file)
        return {name: found.array(entry, np.dtype(dtype)).tolist() for name, entry in found.entries.items()}


def patched(place: int, form: str, value: int) -> bytes:
    data = bytearray(VALID)
    struct.pack_into(form, data, place, value)
    return bytes(data)


def test_what_is_in_it(tmp_path: Path) -> None:
    assert read(tmp_path, VALID) == {"a/one": list(b"12345678"), "a/two": list(b"abc")}


def test_what_torch_writes_is_what_python_reads(tmp_path: Path) -> None:
    for path in sorted(WRITTEN_BY.glob("torch_*zip.pth")):
        with zipfile.ZipFile(path) as file:
            expected = {name: list(file.read(name)) for name in file.namelist()}
        assert read(tmp_path, path.read_bytes()) == expected


def test_sizes_of_64_bits(tmp_path: Path) -> None:
    extra = struct.pack("<HHHHQQ", 7, 0, 1, 16, 8, 8)
    data = bytearray(VALID[:DIRECTORY])
    first = bytearray(VALID[DIRECTORY:SECOND])
    struct.pack_into("<II", first, 20, 0xFFFFFFFF, 0xFFFFFFFF)
    struct.pack_into("<H", first, 30, len(extra))
    end = bytearray(VALID[END:])
    struct.pack_into("<I", end, 12, END - DIRECTORY + len(extra))
    whole = bytes(data + first + extra + VALID[SECOND:END] + end)
    assert read(tmp_path, whole)["a/one"] == list(b"12345678")
    with pytest.raises(Malformed, match="how long it is"):
        read(tmp_path, whole.replace(extra, bytes(len(extra))))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"PK\x03\x04", "truncated"),
        (VALID[:-1], "truncated"),
        (VALID + b"\0", "something follows"),
        (VALID[: DIRECTORY + 5], "truncated"),
        (VALID[4:], "not where its end says"),
        (archive({"a": bytes(10**6)}, zipfile.ZIP_DEFLATED), "compressed"),
        (patched(DIRECTORY + 8, "<H", 1), "encrypted"),
        (patched(DIRECTORY + 24, "<I", 10**9), "has 8 bytes in the zip and claims 1000000000"),
        (patched(DIRECTORY + 16, "<I", 7), "'a/one' is damaged: its checksum is wrong"),
        (VALID.replace(b"345", b"354"), "'a/one' is damaged"),
        (patched(DIRECTORY + 42, "<I", 2), "header of 'a/one'"),
        (patched(SECOND + 42, "<I", 0), "overlaps"),
        (patched(SECOND + 42, "<I", 2**31), "truncated"),
        (patched(END + 10, "<H", 3), "not end"),
        (patched(END + 12, "<I", 10**9), "not where its end says"),
        (patched(SECOND, "<I", 0), "directory is damaged"),
        (patched(SECOND + 28, "<H", 60000), "directory is damaged"),
        (VALID.replace(b"a/two", b"a/one", 1), "header of 'a/two'"),
        (VALID.replace(b"a/two", b"a/\xff\xff\xff"), "utf-8"),
    ],
)
def test_what_is_refused(tmp_path: Path, data: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read(tmp_path, data)


def test_two_entries_of_one_name(tmp_path: Path) -> None:
    with pytest.raises(Malformed, match="one name"):
        read(tmp_path, VALID.replace(b"a/two", b"a/one"))


def test_an_entry_that_reaches_into_the_directory(tmp_path: Path) -> None:
    data = bytearray(VALID)
    struct.pack_into("<II", data, SECOND + 20, 4, 4)
    with pytest.raises(Malformed, match="reaches beyond"):
        read(tmp_path, bytes(data))


def test_too_many_entries(tmp_path: Path) -> None:
    many = archive({f"{n}": b"" for n in range(40_000)})
    with pytest.raises(Malformed, match="claims 40000 entries"):
        read(tmp_path, many)


def test_elements_are_whole(tmp_path: Path) -> None:
    with pytest.raises(Malformed, match="'a/two' has 3 bytes"):
        read(tmp_path, VALID, "<f4")
