"""The tars that GNU tar, bsdtar and Python write; and records without an end."""

import io
import tarfile
import tracemalloc

import pytest

from server.evaluation.dataset.tar_reader import MAX_PAIRS, MAX_RECORD_BYTES, MAX_RECORDS, tar_files
from server.evaluation.evaluation_errors import ArchiveTooLarge, DatasetInvalid

LONG = "folder/" * 30 + "ü" * 100 + ".png"
FILES = {"a.png": b"1" * 1000, "empty.png": b"", LONG: b"2" * 512, "b.png": b"3" * 513}
FORMATS = {"ustar": tarfile.USTAR_FORMAT, "gnu": tarfile.GNU_FORMAT, "pax": tarfile.PAX_FORMAT}


def tarred(files: dict[str, bytes], form: int = tarfile.GNU_FORMAT, **headers: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size, info.pax_headers = len(data), headers
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def block(kind: bytes, size: int, name: str = "x") -> bytes:
    info = tarfile.TarInfo(name)
    info.type, info.size = kind, size
    return info.tobuf(tarfile.GNU_FORMAT)


def padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 512)


def read(data: bytes) -> dict[str, bytes]:
    return {file.name: b"".join(iter(lambda file=file: file.read(700), b"")) for file in tar_files(io.BytesIO(data))}  # type: ignore[misc]


@pytest.mark.parametrize("form", ["gnu", "pax"])
def test_names_of_any_length(form: str) -> None:
    assert read(tarred(FILES, FORMATS[form], comment="more", mtime="1.5")) == FILES


def test_without_long_names() -> None:
    few = {name: data for name, data in FILES.items() if name != LONG} | {"p" * 120 + "/" + "n" * 90: b"4"}
    assert read(tarred(few, FORMATS["ustar"])) == few


def test_a_file_that_is_passed_over() -> None:
    assert [file.name for file in tar_files(io.BytesIO(tarred(FILES)))] == list(FILES)


def test_a_tar_without_its_last_blocks() -> None:
    assert read(tarred(FILES).rstrip(b"\0") + bytes(511)) == FILES  # of the last file one byte lies in its second block


def test_nothing_behind_the_end_is_read() -> None:
    stream = io.BytesIO(tarred(FILES) + bytes(1 << 20))
    list(tar_files(stream))
    assert stream.tell() <= len(tarred(FILES))


def test_folders_and_global_headers_are_passed_over() -> None:
    comment = b"19 comment=0123456\n"
    data = block(tarfile.XGLTYPE, len(comment)) + padded(comment) + block(tarfile.DIRTYPE, 0, "folder/") + tarred({"a": b"1"})
    assert read(data) == {"a": b"1"}


@pytest.mark.parametrize("kind", [tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK, tarfile.XHDTYPE, tarfile.XGLTYPE, b"X"])
def test_a_record_that_is_too_long_is_not_read(kind: bytes) -> None:
    stream = io.BytesIO(block(kind, MAX_RECORD_BYTES + 1) + bytes(1000))
    with pytest.raises(ArchiveTooLarge, match=f"{MAX_RECORD_BYTES + 1} bytes; at most"):
        list(tar_files(stream))
    assert stream.tell() == 512


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE, tarfile.GNUTYPE_SPARSE, b"M"])
def test_what_is_no_plain_file(kind: bytes) -> None:
    with pytest.raises(DatasetInvalid, match="not a plain file"):
        read(block(kind, 0))


def test_a_file_with_holes_in_a_pax_header() -> None:
    with pytest.raises(DatasetInvalid, match="files with holes"):
        read(tarred({"a": b"1"}, tarfile.PAX_FORMAT, **{"GNU.sparse.major": "1", "GNU.sparse.realsize": "9"}))


@pytest.mark.parametrize(
    "pax", [b"x", b"9 a=b\n", b"6 a=b\nx", b"4 ab\n", b"0 a=b\n", b"-6 a=b\n", b"999999999999 a=b\n", b"12 size=x12\n", b"11 size=-9\n"]
)
def test_a_damaged_pax_header(pax: bytes) -> None:
    with pytest.raises(tarfile.ReadError):
        read(block(tarfile.XHDTYPE, len(pax)) + padded(pax) + tarred({"a": b"1"}))


def pax_record(pax: bytes) -> bytes:
    return block(tarfile.XHDTYPE, len(pax)) + padded(pax)


def test_records_and_their_entries_are_bounded() -> None:
    assert read(pax_record(b"7 k=vv\n" * MAX_PAIRS) * MAX_RECORDS + tarred({"a": b"1"})) == {"a": b"1"}
    with pytest.raises(ArchiveTooLarge, match=f"more than {MAX_RECORDS} names or headers for one file"):
        read(pax_record(b"7 k=vv\n") * (MAX_RECORDS + 1) + tarred({"a": b"1"}))
    with pytest.raises(ArchiveTooLarge, match=f"a header of more than {MAX_PAIRS} entries"):
        read(pax_record(b"5 a=\n" * (MAX_PAIRS + 1)) + tarred({"a": b"1"}))


def test_of_a_record_nothing_is_kept_that_is_not_used() -> None:
    long = b"%d k%%d=%s\n" % (MAX_RECORD_BYTES, b"v" * (MAX_RECORD_BYTES - 12))
    data = b"".join(pax_record(long % number) for number in range(MAX_RECORDS)) + tarred({"a": b"1"})
    tracemalloc.start()
    assert read(data) == {"a": b"1"}
    assert tracemalloc.get_traced_memory()[1] < 5 * MAX_RECORD_BYTES
    tracemalloc.stop()


def test_a_size_in_a_pax_header_counts() -> None:
    pax = b"10 size=3\n"
    assert read(block(tarfile.XHDTYPE, len(pax)) + padded(pax) + block(tarfile.REGTYPE, 0, "a") + padded(b"123")) == {"a": b"123"}


@pytest.mark.parametrize("end", [100, 700, 1024 + 100, 1536 + 20])
def test_a_truncated_tar(end: int) -> None:
    with pytest.raises(tarfile.TarError):
        read(tarred(FILES)[:end])


def test_a_damaged_header_is_never_the_end() -> None:
    data = bytearray(tarred({"a": b"1", "b": b"2"}))
    data[1024 + 3] ^= 1
    with pytest.raises(tarfile.TarError):
        read(bytes(data))
