"""Unpacks an uploaded archive into a folder, without trust in its names and sizes."""

import lzma
import os
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from models.bounded_zip import ZipTooLarge, open_zip
from server.evaluation.dataset.allowance import MAX_FILES, Allowance
from server.evaluation.dataset.decompression import ByteStream, decompressed
from server.evaluation.dataset.tar_reader import TarFile, tar_files
from server.evaluation.evaluation_errors import ArchiveTooLarge, DatasetInvalid, EvaluationLost

MAX_DEPTH = 16
MAX_NAME_BYTES = 1024
_MAX_PART_BYTES = 255  # of ext4 and most others
_MAX_DIRECTORY_BYTES = 64 * 1024 * 1024  # of a zip: 335 bytes a file, of which its name is the most
_CHUNK_BYTES = 64 * 1024


# RuntimeError: encrypted; NotImplementedError: an unknown compression; NotADirectoryError: a file in place of a folder.
_UNREADABLE = (
    zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, ValueError,
    RuntimeError, NotImplementedError, NotADirectoryError,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Charged:
    """A stream whose bytes count."""

    stream: ByteStream
    allowance: Allowance

    def read(self, size: int, /) -> bytes:
        data = self.stream.read(size)
        self.allowance.grow(len(data))
        return data


@dataclass(frozen=True, slots=True)
class _ZipFile:
    """A plain file of a zip."""

    name: str
    size_bytes: int
    stream: ByteStream

    def read(self, size: int, /) -> bytes:
        return self.stream.read(size)


def unpack(archive: IO[bytes], packed_bytes: int, folder: Path, max_bytes: int, hold: Callable[[int], None] = lambda _: None) -> int:
    """Write the files of a zip or tar (also gzip, bzip2 and xz) into the existing, empty `folder`; returns the number of files.

    `hold` is told the bytes on the disk each time they grow, and may raise. Raises DatasetInvalid for another file, or for links,
    devices, names that lead out of the folder, or two files of one name; ArchiveTooLarge above `max_bytes` or the bounds of
    `Allowance`; EvaluationLost when the disk is full.
    """
    allowance = Allowance(packed_bytes, max_bytes, hold)
    into = _Folder(folder, allowance)
    try:
        for file in _files(archive, allowance):
            into.write(file, _safe(file.name))
    except _UNREADABLE as error:
        raise DatasetInvalid(
            f"The archive cannot be read: {str(error)[:200] or type(error).__name__}.", "Send a plain zip or tar."
        ) from error
    except OSError as error:
        raise EvaluationLost(f"The archive cannot be unpacked: {error.strerror}.", "Make sure that the disk has free space.") from error
    if not allowance.files:
        raise DatasetInvalid("The archive has no files.")
    return allowance.files


def _files(archive: IO[bytes], allowance: Allowance) -> Iterator[TarFile | _ZipFile]:
    archive.seek(0)
    is_zip = archive.read(4) in (b"PK\x03\x04", b"PK\x05\x06")  # not by its end: a tar may hold a zip
    yield from _zip_files(archive, allowance) if is_zip else tar_files(_Charged(decompressed(archive), allowance))


def _zip_files(archive: IO[bytes], allowance: Allowance) -> Iterator[_ZipFile]:
    try:
        opened = open_zip(archive, MAX_FILES, _MAX_DIRECTORY_BYTES)
    except ZipTooLarge as error:
        raise ArchiveTooLarge(f"The archive holds more than {MAX_FILES} files, or too long a list of them: {error}.") from error
    with opened:
        for info in opened.infolist():
            if info.filename.endswith("/"):  # a folder; `is_dir` fails where the name is empty
                continue
            mode = info.external_attr >> 16
            if mode and stat.S_IFMT(mode) not in (0, stat.S_IFREG):
                raise DatasetInvalid(f"{info.filename[:200]!r} in the archive is not a plain file.", "Links are not allowed.")
            if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):  # `zipfile` has no bound for what comes out of these
                raise DatasetInvalid(
                    f"{info.filename[:200]!r} in the archive is compressed, but not by deflate.", "Pack it again: zip -r set.zip ."
                )
            with opened.open(info) as content:
                yield _ZipFile(info.filename, info.file_size, _Charged(content, allowance))


def _safe(name: str) -> str:
    """The path of a file inside the folder, with slashes between its parts; raises DatasetInvalid. It may be no UTF-8."""
    size_bytes = len(os.fsencode(name))
    if size_bytes > MAX_NAME_BYTES:
        raise DatasetInvalid(f"A name in the archive has more than {MAX_NAME_BYTES} bytes.")
    path = name.replace("\\", "/")
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if path.startswith("/") or not parts or ".." in parts or "\0" in name:
        raise DatasetInvalid(f"{name[:200]!r} in the archive is not a path inside it.")
    if len(parts) > MAX_DEPTH:
        raise DatasetInvalid(
            f"{name[:200]!r} in the archive lies below more than {MAX_DEPTH} folders.", "Pack the folder of the set alone."
        )
    if size_bytes > _MAX_PART_BYTES and any(len(os.fsencode(part)) > _MAX_PART_BYTES for part in parts):
        raise DatasetInvalid(f"A name in the archive has more than {_MAX_PART_BYTES} bytes.")
    return "/".join(parts)


class _Folder:
    """Where the files go. An archive may hold 200,000 of them, so a file costs few calls, and a folder is asked for once."""

    def __init__(self, path: Path, allowance: Allowance) -> None:
        self._path = str(path)
        self._allowance = allowance
        self._made = {""}

    def write(self, file: TarFile | _ZipFile, name: str) -> None:
        self._allowance.file(file.size_bytes)
        self._make(name.rpartition("/")[0])
        try:
            opened = os.open(f"{self._path}/{name}", os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
        except FileExistsError:
            raise DatasetInvalid(f"The archive holds {file.name[:200]!r} twice.") from None
        try:
            while chunk := file.read(_CHUNK_BYTES):
                self._allowance.write(len(chunk))
                while chunk:  # a disk that is nearly full takes a part
                    chunk = chunk[os.write(opened, chunk) :]
        finally:
            os.close(opened)

    def _make(self, name: str) -> None:
        """A folder and those above it, each counted before it is made; one that holds no file is never made."""
        if name in self._made:
            return
        above, _, last = name.rpartition("/")
        self._make(above)
        self._allowance.folder()
        try:
            Path(self._path, name).mkdir(0o750)
        except FileExistsError:
            raise DatasetInvalid(f"{last!r} in the archive is a file and a folder at once.") from None
        self._made.add(name)
