import contextlib
import gzip
import io
import os
import stat
import struct
import tarfile
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from server.evaluation.dataset import allowance
from server.evaluation.dataset.archive import unpack
from server.evaluation.evaluation_errors import ArchiveTooLarge, DatasetInvalid, EvaluationError

FILES = {"val_label.txt": b"a 1\nb 2\n", "images/a.png": b"\x89PNG" * 500, "images/b.png": bytes(range(256)) * 4}
MAX_BYTES = 1_000_000


def zipped(files: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        archive.writestr("images/", b"")
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def tarred(files: dict[str, bytes], mode: str = "w") -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:  # type: ignore[call-overload]
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def take(data: bytes, folder: Path, max_bytes: int = MAX_BYTES) -> int:
    return unpack(io.BytesIO(data), len(data), folder, max_bytes)


@pytest.mark.parametrize(
    "pack",
    [
        zipped,
        lambda files: zipped(files, zipfile.ZIP_STORED),
        tarred,
        lambda files: tarred(files, "w:gz"),
        lambda files: tarred(files, "w:bz2"),
        lambda files: tarred(files, "w:xz"),
    ],
    ids=["zip", "zip-stored", "tar", "tar.gz", "tar.bz2", "tar.xz"],
)
def test_archives(tmp_path: Path, pack: Callable[[dict[str, bytes]], bytes]) -> None:
    assert take(pack(FILES), tmp_path) == 3
    assert {str(path.relative_to(tmp_path)): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == FILES


def test_names_in_another_encoding_than_utf_8(tmp_path: Path) -> None:
    """As tar packs what a GBK or Latin-1 system has written."""
    names = {os.fsdecode("0/猫.png".encode("gbk")), os.fsdecode(b"0/caf\xe9" + b"e" * 120 + b".png")}
    assert take(tarred(dict.fromkeys(names, b"x")), tmp_path) == 2
    assert {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.png")} == names


def test_a_tar_that_ends_in_a_zip(tmp_path: Path) -> None:
    packed = tarred({"a.png": b"1", "inner.zip": zipped({"b.png": b"2"}, zipfile.ZIP_STORED)})
    assert zipfile.is_zipfile(io.BytesIO(packed))
    assert take(packed, tmp_path) == 2


@pytest.mark.parametrize("change", [lambda data: b"MZ" + data, lambda data: data + b"MZ", lambda data: data[:-22] + b"x" + data[-22:]])
def test_a_zip_with_something_around_it(tmp_path: Path, change: Callable[[bytes], bytes]) -> None:
    with pytest.raises(DatasetInvalid, match="cannot be read"):
        take(change(zipped(FILES)), tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_directory_of_millions_of_entries_is_never_read(tmp_path: Path) -> None:
    """Of each 47 bytes `zipfile` would make half a kilobyte, and an upload may have gigabytes."""
    packed = zipped({"a": b"1"}, zipfile.ZIP_STORED)
    start = packed.index(b"PK\x01\x02")
    directory = packed[start : start + 46 + 1] * (allowance.MAX_FILES + 1)
    lying = packed[:start] + directory + packed[-22:-10] + struct.pack("<II", len(directory), start) + b"\0\0"
    tracemalloc.start()
    try:
        with pytest.raises(ArchiveTooLarge, match=f"{allowance.MAX_FILES + 1} entries"):
            take(lying, tmp_path)
        assert tracemalloc.get_traced_memory()[1] < 3 * len(lying)
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", ["../a", "/etc/a", "a/../../b", "..\\a", "\\a", "/".join("a" * 40), "a" * 256])
@pytest.mark.parametrize("pack", [zipped, tarred])
def test_names_that_lead_out(tmp_path: Path, name: str, pack: Callable[[dict[str, bytes]], bytes]) -> None:
    (tmp_path / "in").mkdir()
    with pytest.raises(DatasetInvalid):
        take(pack({name: b"x"}), tmp_path / "in")
    assert [path.name for path in tmp_path.rglob("*")] == ["in"]


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_what_is_no_plain_file_in_a_tar(tmp_path: Path, kind: bytes) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        info = tarfile.TarInfo("link")
        info.type, info.linkname = kind, "/etc/passwd"
        archive.addfile(info)
    with pytest.raises(DatasetInvalid, match="not a plain file"):
        take(buffer.getvalue(), tmp_path)


def test_a_link_in_a_zip(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        info = zipfile.ZipInfo("link")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, "/etc/passwd")
    with pytest.raises(DatasetInvalid, match="not a plain file"):
        take(buffer.getvalue(), tmp_path)


@pytest.mark.parametrize("pack", [zipped, lambda files: tarred(files, "w:gz"), lambda files: tarred(files, "w:xz")])
def test_a_bomb(tmp_path: Path, pack: Callable[[dict[str, bytes]], bytes]) -> None:
    bomb = pack({"zeros": bytes(40_000_000)})
    with pytest.raises(ArchiveTooLarge):
        take(bomb, tmp_path, 1 << 40)
    assert sum(path.stat().st_size for path in tmp_path.rglob("*")) <= len(bomb) * 100 + allowance.SPARE_BYTES


@pytest.mark.parametrize("compression", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_zip_whose_compression_has_no_bound(tmp_path: Path, compression: int) -> None:
    with pytest.raises(DatasetInvalid, match="not by deflate"):
        take(zipped(FILES, compression), tmp_path)
    assert not list(tmp_path.iterdir())


def test_folders_count_and_one_without_files_is_not_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(allowance, "MAX_FOLDERS", 3)
    for pack in (zipped, tarred):
        (tmp_path / pack.__name__).mkdir()
        with pytest.raises(ArchiveTooLarge, match="more than 3 folders"):
            take(pack({"a/b/1": b"", "a/b/2": b"", "a/c/1": b"", "d/1": b""}), tmp_path / pack.__name__)
    assert not list(tmp_path.rglob("images"))


def test_what_lies_on_the_disk_is_told_while_it_grows(tmp_path: Path) -> None:
    told: list[int] = []
    take_told = io.BytesIO(zipped(FILES))
    assert unpack(take_told, len(take_told.getvalue()), tmp_path, MAX_BYTES, told.append) == 3
    assert told == sorted(told)
    assert told[-1] == sum(map(len, FILES.values())) + 4 * allowance.FILE_BYTES  # and a folder


def test_a_size_that_is_a_lie(tmp_path: Path) -> None:
    data = bytearray(zipped({"a": b"x" * 5000}))
    for place in (data.find(b"PK\x03\x04") + 22, data.find(b"PK\x01\x02") + 24):
        data[place : place + 4] = (10).to_bytes(4, "little")
    with pytest.raises(EvaluationError):
        take(bytes(data), tmp_path, 4000)


def test_more_bytes_than_allowed(tmp_path: Path) -> None:
    with pytest.raises(ArchiveTooLarge):
        take(tarred(FILES), tmp_path, 1500)


def test_too_many_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(allowance, "MAX_FILES", 2)
    for pack in (zipped, tarred):
        (tmp_path / pack.__name__).mkdir()
        with pytest.raises(ArchiveTooLarge, match="more than 2 files"):
            take(pack(FILES), tmp_path / pack.__name__)


def test_two_files_of_one_name(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a", b"1")
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("a", b"2")
    with pytest.raises(DatasetInvalid, match="twice"):
        take(buffer.getvalue(), tmp_path)


@pytest.mark.parametrize("files", [{"a": b"1", "a/b": b"2"}, {"a/b": b"1", "a": b"2"}])
def test_a_file_where_a_folder_should_be(tmp_path: Path, files: dict[str, bytes]) -> None:
    with pytest.raises(DatasetInvalid):
        take(tarred(files), tmp_path)


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"hello", zipped({})[:-3], tarred({}), tarred(FILES)[:2000]])
def test_what_is_no_archive(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(DatasetInvalid):
        take(data, tmp_path)


@pytest.mark.parametrize("size", [40, 5000])
@pytest.mark.parametrize(
    "start", [b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\7", b"\xff\xd8\xff\xe0", b"\x28\xb5\x2f\xfd", gzip.compress(b"a.png,1\n" * 200)]
)
def test_another_kind_of_file_is_not_called_damaged(tmp_path: Path, start: bytes, size: int) -> None:
    with pytest.raises(DatasetInvalid, match="it is neither a zip nor a tar"):
        take(start if start[:2] == b"\x1f\x8b" else start + bytes(range(1, 41)) * (size // 40), tmp_path)


def test_a_path_that_is_too_deep_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(DatasetInvalid, match="lies below more than 16 folders"):
        take(tarred({"a/" * 17 + "b.png": b"x"}), tmp_path)


def test_a_file_of_a_zip_without_a_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetInvalid, match="'' in the archive is not a path inside it"):
        take(zipped({"a.png": b"x"}).replace(b"a.png", b"\0.png"), tmp_path)


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    data=st.sampled_from([zipped(FILES), tarred(FILES), tarred(FILES, "w:gz"), tarred(FILES, "w:xz")]),
    edits=st.lists(st.tuples(st.floats(0, 1), st.binary(min_size=1, max_size=4)), min_size=1, max_size=3),
)
def test_any_mutation_is_taken_or_refused(tmp_path_factory: pytest.TempPathFactory, data: bytes, edits: list[tuple[float, bytes]]) -> None:
    folder = tmp_path_factory.mktemp("upload")
    (folder / "in").mkdir()
    for place, new in edits:
        start = int(place * len(data))
        data = data[:start] + new + data[start + len(new) :]
    with contextlib.suppress(EvaluationError):
        take(data, folder / "in")
    assert [path.name for path in folder.iterdir()] == ["in"]
    assert not [path for path in folder.rglob("*") if path.is_symlink()]
