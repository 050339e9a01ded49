"""The cost of an archive of a few kilobytes until it is refused: time and memory of a process of its own, and files on the disk."""

import bz2
import gzip
import io
import lzma
import re
import struct
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

GIB = 1 << 30
ZEROS = bytes(64 << 20)
MEMORY_BYTES = 64 << 20
DISK_BYTES = 64 << 20
CPU_S = 5.0  # the dearest takes 0.3; a name of three gigabytes or 60,000 folders once took a minute
SPARE_FILES = 2048
ADDRESS_SPACE_BYTES = 8 * GIB  # so that a fault cannot take the machine

UNPACK = """
import resource, sys, time
from pathlib import Path
from server.evaluation.dataset.archive import unpack
from server.evaluation.evaluation_errors import EvaluationError
resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[3]),) * 2)
def peak(): return 1024 * int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
before, began = peak(), time.process_time()
try:
    with open(sys.argv[1], "rb") as archive:
        unpack(archive, Path(sys.argv[1]).stat().st_size, Path(sys.argv[2]), 4 << 30)
    told = "taken"
except EvaluationError as error:
    told = f"{type(error).__name__}: {error}"
print(peak() - before, time.process_time() - began, told)
"""


def header(kind: bytes, size: int = 0, name: str = "x") -> bytes:
    info = tarfile.TarInfo(name)
    info.type, info.size = kind, size
    return info.tobuf(tarfile.GNU_FORMAT)


@cache
def zeros(pack: Callable[[bytes], bytes]) -> bytes:
    """Three gigabytes."""
    return pack(ZEROS) * 48


def record(kind: bytes) -> bytes:
    """A header of three gigabytes."""
    return bz2.compress(header(kind, 3 * GIB)) + zeros(bz2.compress)


def file_of_zeros(pack: Callable[[bytes], bytes], announced: int = 3 * GIB) -> bytes:
    return pack(header(tarfile.REGTYPE, announced, "a.png")) + zeros(pack)


def many(count: int, path: str) -> bytes:
    return bz2.compress(b"".join(header(tarfile.REGTYPE, 0, path.format(number)) for number in range(count)))


@cache
def zip_of(compression: int, content: bytes, size: int) -> bytes:
    """One entry, whose size is a lie."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        archive.writestr("a.png", content)
    data = bytearray(buffer.getvalue())
    for place in (data.find(b"PK\x03\x04") + 22, data.find(b"PK\x01\x02") + 24):
        struct.pack_into("<I", data, place, size)
    return bytes(data)


def zip_directory(entries: int) -> bytes:
    one = zip_of(zipfile.ZIP_STORED, b"", 0)
    start = one.index(b"PK\x01\x02")
    directory = one[start : one.index(b"PK\x05\x06")] * entries
    return (
        one[:start] + directory + struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, entries & 0xFFFF, entries & 0xFFFF, len(directory), start, 0)
    )


def greedy_xz(data: bytes) -> bytes:
    return lzma.compress(data, filters=[{"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": 3 * GIB // 2}])


ARCHIVES: dict[str, tuple[Callable[[], bytes], str]] = {
    "long name": (lambda: record(tarfile.GNUTYPE_LONGNAME), "name or a header of 3221225472 bytes"),
    "PAX header": (lambda: record(tarfile.XHDTYPE), "name or a header of 3221225472 bytes"),
    "global PAX header": (lambda: record(tarfile.XGLTYPE), "name or a header of 3221225472 bytes"),
    "sparse file": (lambda: record(tarfile.GNUTYPE_SPARSE), "not a plain file"),
    "file, bzip2": (lambda: file_of_zeros(bz2.compress), "100 times what was sent"),
    "file, gzip": (lambda: file_of_zeros(gzip.compress), "100 times what was sent"),
    "file, xz": (lambda: file_of_zeros(lzma.compress), "100 times what was sent"),
    "zeros at the end": (lambda: bz2.compress(header(tarfile.REGTYPE, 0, "a.png")) + zeros(bz2.compress), "taken"),
    "folder with content": (lambda: record(tarfile.DIRTYPE), "has no files"),
    "headers without a file": (lambda: bz2.compress(header(tarfile.XGLTYPE) * 60_000), "more than 8 names or headers"),
    "folders": (lambda: many(20_000, "{}/a.png"), "100 times what was sent"),
    "folders in folders": (lambda: many(20_000, "{}/b/c/d/e/f/g/h/i/j/k/l/m/n/a.png"), "100 times what was sent"),
    "empty files": (lambda: many(30_000, "{}.png"), "100 times what was sent"),
    "xz that asks for memory": (lambda: greedy_xz(ZEROS), "(?i)memory"),
    "zip, bzip2": (lambda: zip_of(zipfile.ZIP_BZIP2, ZEROS * 2, 10), "not by deflate"),
    "zip, LZMA": (lambda: zip_of(zipfile.ZIP_LZMA, ZEROS, 10), "not by deflate"),
    "zip, deflate": (lambda: zip_of(zipfile.ZIP_DEFLATED, ZEROS * 4, 256 << 20), "100 times what was sent"),
    "zip, a size that is a lie": (lambda: zip_of(zipfile.ZIP_DEFLATED, ZEROS * 4, 10), "Bad CRC"),
    "zip of two million entries": (lambda: zip_directory(2_000_000), "more than 200000 files"),
    "zip of a million entries": (lambda: zip_directory(1_000_000), "more than 200000 files"),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    folder.mkdir()
    return folder


@pytest.mark.parametrize("kind", ARCHIVES)
def test_an_archive_is_refused_before_it_costs_much(kind: str, tmp_path: Path, folder: Path) -> None:
    make, expected = ARCHIVES[kind]
    archive = tmp_path / "archive"
    archive.write_bytes(make())
    done = subprocess.run(
        [sys.executable, "-c", UNPACK, archive, folder, str(ADDRESS_SPACE_BYTES)], capture_output=True, text=True, check=True, timeout=120
    )
    memory, seconds, told = done.stdout.split(maxsplit=2)
    made = list(folder.rglob("*"))
    disk = sum(path.stat().st_size for path in made if path.is_file())
    print(
        f"{kind}: {archive.stat().st_size / 1024:,.1f} KiB sent, {int(memory) / 1e6:.0f} MB of memory, {float(seconds):.2f} CPU-s, "
        f"{len(made)} files and folders of {disk / 1e6:.0f} MB: {told[:100].strip()}"
    )
    assert re.search(expected, told), told
    assert int(memory) < MEMORY_BYTES
    assert float(seconds) < CPU_S
    assert disk <= DISK_BYTES
    assert len(made) <= SPARE_FILES + archive.stat().st_size // 40
