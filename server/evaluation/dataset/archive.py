"""Unpacks an uploaded archive into a folder, without trust in its names and sizes."""

import lzma
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from models.bounded_zip import ZipTooLarge, open_zip
from server.evaluation.evaluation_errors import ArchiveTooLarge, DatasetInvalid, EvaluationLost

MAX_FILES = 200_000
MAX_DEPTH = 16
MAX_RATIO = 100
"""Largest ratio of unpacked to packed bytes; images hardly shrink, and lists of labels shrink to a tenth."""
_MAX_DIRECTORY_BYTES = 64 * 1024 * 1024  # of a zip: 335 bytes a file, of which its name is the most
_SPARE_BYTES = 1024 * 1024
_CHUNK_BYTES = 256 * 1024


# RuntimeError: encrypted; NotImplementedError: an unknown compression; the last two: a file in place of a folder.
_UNREADABLE = (
    zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, ValueError,
    RuntimeError, NotImplementedError, FileExistsError, NotADirectoryError,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Entry:
    """A file of an archive, with a function that opens its bytes."""

    name: str
    size_bytes: int
    content: IO[bytes]


def unpack(archive: IO[bytes], packed_bytes: int, folder: Path, max_bytes: int) -> int:
    """Write the files of a zip or tar (also gzip, bzip2 and xz) into the existing `folder`; returns the number of files.

    Raises DatasetInvalid for another file, or for links, devices, names that lead out of the folder, or two files of one name;
    ArchiveTooLarge above `max_bytes`, MAX_FILES, or MAX_RATIO; EvaluationLost when the disk is full.
    """
    allowed_bytes = min(max_bytes, packed_bytes * MAX_RATIO + _SPARE_BYTES)
    seen: set[PurePosixPath] = set()
    written_bytes = 0
    try:
        for entry in _entries(archive):
            path = _safe(entry.name)
            if path in seen:
                raise DatasetInvalid(f"The archive holds {entry.name[:200]!r} twice.")
            seen.add(path)
            if len(seen) > MAX_FILES:
                raise ArchiveTooLarge(f"The archive holds more than {MAX_FILES} files.")
            written_bytes = _write(entry, folder / path, written_bytes, allowed_bytes)
    except _UNREADABLE as error:
        raise DatasetInvalid(
            f"The archive cannot be read: {str(error)[:200] or type(error).__name__}.", "Send a plain zip or tar."
        ) from error
    except OSError as error:
        raise EvaluationLost(f"The archive cannot be unpacked: {error.strerror}.", "Make sure that the disk has free space.") from error
    if not seen:
        raise DatasetInvalid("The archive has no files.")
    return len(seen)


def _entries(archive: IO[bytes]) -> Iterator[_Entry]:
    archive.seek(0)
    is_zip = archive.read(4) in (b"PK\x03\x04", b"PK\x05\x06")  # not by its end: a tar may hold a zip
    archive.seek(0)
    yield from _zip_entries(archive) if is_zip else _tar_entries(archive)


def _zip_entries(archive: IO[bytes]) -> Iterator[_Entry]:
    try:
        opened = open_zip(archive, MAX_FILES, _MAX_DIRECTORY_BYTES)
    except ZipTooLarge as error:
        raise ArchiveTooLarge(f"The archive holds more than {MAX_FILES} files, or too long a list of them: {error}.") from error
    with opened:
        for info in opened.infolist():
            if info.is_dir():
                continue
            mode = info.external_attr >> 16
            if mode and stat.S_IFMT(mode) not in (0, stat.S_IFREG):
                raise DatasetInvalid(f"{info.filename[:200]!r} in the archive is not a plain file.", "Links are not allowed.")
            with opened.open(info) as content:
                yield _Entry(info.filename, info.file_size, content)


def _tar_entries(archive: IO[bytes]) -> Iterator[_Entry]:
    with tarfile.open(fileobj=archive, mode="r|*") as opened:
        for info in opened:
            if info.isdir():
                continue
            content = opened.extractfile(info) if info.isreg() else None
            if content is None:
                raise DatasetInvalid(f"{info.name[:200]!r} in the archive is not a plain file.", "Links are not allowed.")
            yield _Entry(info.name, info.size, content)
            opened.members = []  # type: ignore[attr-defined] # a stream of tar keeps what it has passed


def _safe(name: str) -> PurePosixPath:
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or not path.parts or {"..", ""} & set(path.parts) or "\0" in name or len(path.parts) > MAX_DEPTH:
        raise DatasetInvalid(f"{name[:200]!r} in the archive is not a path inside it.")
    if any(len(part.encode()) > 255 for part in path.parts):
        raise DatasetInvalid("A name in the archive has more than 255 bytes.")
    return path


def _write(entry: _Entry, path: Path, written_bytes: int, allowed_bytes: int) -> int:
    if written_bytes + entry.size_bytes > allowed_bytes:
        raise _too_large(allowed_bytes)
    path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
    with path.open("xb") as file:
        while chunk := entry.content.read(_CHUNK_BYTES):  # the announced size may be wrong
            written_bytes += len(chunk)
            if written_bytes > allowed_bytes:
                raise _too_large(allowed_bytes)
            file.write(chunk)
    return written_bytes


def _too_large(allowed_bytes: int) -> ArchiveTooLarge:
    return ArchiveTooLarge(
        f"Unpacked, the archive has more than {allowed_bytes} bytes.", "Put the data set under a root of the server instead."
    )
