"""Reads a tar as a stream, in memory that does not depend on what its headers say.

`tarfile` reads a long name or a PAX header as a whole, however many gigabytes it announces, and its ways to change that are private.
So this reads the records, and `TarInfo.frombuf` a block.
"""

import tarfile
from collections.abc import Iterator
from dataclasses import dataclass

from server.evaluation.dataset.decompression import ByteStream
from server.evaluation.evaluation_errors import ArchiveTooLarge, DatasetInvalid

MAX_RECORD_BYTES = 1024 * 1024
"""Of a long name or a PAX header: libarchive's bound, too."""
MAX_RECORDS, MAX_PAIRS = 8, 128
"""Before one header, of which GNU tar and bsdtar write four; and in a PAX header, where each extended attribute takes one."""
_CHUNK_BYTES = 64 * 1024
_FILES = (tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.CONTTYPE)
_LONG_NAME, _LONG_LINK = tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK
_PAX = (tarfile.XHDTYPE, tarfile.SOLARIS_XHDTYPE)
_RECORDS = (_LONG_NAME, _LONG_LINK, *_PAX, tarfile.XGLTYPE)
_SIZE_DIGITS = 18
_LENGTH_DIGITS = 8


@dataclass(slots=True)
class _Told:
    """What the records before a header say of it. Nothing else of them is kept."""

    records: int = 0
    path: bytes | None = None
    size: bytes | None = None
    holes: bool = False


@dataclass(slots=True)
class TarFile:
    """A plain file of a tar, to be read before the next one."""

    name: str
    size_bytes: int
    _stream: ByteStream
    left_bytes: int

    def read(self, size: int, /) -> bytes:
        """At most so many bytes; none at the end. Raises ReadError for a truncated tar."""
        data = self._stream.read(min(size, self.left_bytes))
        if not data and size and self.left_bytes:
            raise tarfile.ReadError("it is truncated")
        self.left_bytes -= len(data)
        return data


def tar_files(stream: ByteStream) -> Iterator[TarFile]:
    """The plain files in their order; folders are passed over. Raises tarfile.TarError for a damaged tar.

    Raises DatasetInvalid for a link, a device, or a file with holes, ArchiveTooLarge for a header above MAX_RECORD_BYTES, or for
    more than MAX_RECORDS or MAX_PAIRS of them.
    """
    told = _Told()
    block = _first_block(stream)
    while block.strip(b"\0"):
        header = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
        if header.type in _RECORDS:
            _read_record(stream, header, told)
            block = _read(stream, tarfile.BLOCKSIZE, or_end=True)
            continue
        name = header.name if told.path is None else told.path.decode("utf-8", "surrogateescape")
        size_bytes = _size(header, told)
        if header.type != tarfile.DIRTYPE:
            if header.type not in _FILES or told.holes:
                raise DatasetInvalid(f"{name[:200]!r} in the archive is not a plain file.", "Links and files with holes are not allowed.")
            yield (file := TarFile(name, size_bytes, stream, size_bytes))
            while file.read(_CHUNK_BYTES):
                pass
            _read(stream, -size_bytes % tarfile.BLOCKSIZE)
        told = _Told()
        block = _read(stream, tarfile.BLOCKSIZE, or_end=True)


def _first_block(stream: ByteStream) -> bytes:
    """The first header, not yet read; raises ReadError for bytes of another kind."""
    try:
        block = _read(stream, tarfile.BLOCKSIZE, or_end=True)
        if block.strip(b"\0"):
            tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
    except tarfile.TarError:
        raise tarfile.ReadError("it is neither a zip nor a tar") from None
    return block


def _read(stream: ByteStream, size: int, *, or_end: bool = False) -> bytes:
    data = stream.read(size)
    while len(data) < size and (more := stream.read(size - len(data))):
        data += more
    if len(data) < size and (data or not or_end):
        raise tarfile.ReadError("it is truncated")
    return data


def _read_record(stream: ByteStream, header: tarfile.TarInfo, told: _Told) -> None:
    told.records += 1
    if told.records > MAX_RECORDS:
        raise _too_many(f"more than {MAX_RECORDS} names or headers for one file")
    if not 0 <= header.size <= MAX_RECORD_BYTES:
        raise ArchiveTooLarge(
            f"The archive has a name or a header of {header.size} bytes; at most {MAX_RECORD_BYTES} are read.", "Send a plain zip or tar."
        )
    record = _read(stream, header.size)
    _read(stream, -header.size % tarfile.BLOCKSIZE)
    if header.type == _LONG_NAME:
        told.path = record.partition(b"\0")[0]
    elif header.type in _PAX:  # a global header names no file
        for number, (key, value) in enumerate(_pairs(record)):
            if number == MAX_PAIRS:
                raise _too_many(f"a header of more than {MAX_PAIRS} entries")
            if key == b"path":
                told.path = value
            elif key == b"size":
                told.size = value
            told.holes |= key.startswith(b"GNU.sparse.")


def _too_many(what: str) -> ArchiveTooLarge:
    return ArchiveTooLarge(f"The archive has {what}.", "Send a plain zip or tar.")


def _pairs(record: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The keys and values of a PAX header, `<length> <key>=<value>` with an end of line each; raises ReadError."""
    at = 0
    while at < len(record):
        digits, blank, _ = record[at : at + _LENGTH_DIGITS + 1].partition(b" ")
        length = int(digits) if blank and digits.isdigit() else 0
        pair = record[at + len(digits) + 1 : at + length]
        key, equals, value = pair[:-1].partition(b"=")
        if not equals or at + length > len(record) or not pair.endswith(b"\n"):
            raise tarfile.ReadError("it has a damaged PAX header")
        yield key, value
        at += length


def _size(header: tarfile.TarInfo, told: _Told) -> int:
    digits = b"%d" % header.size if told.size is None else told.size
    if not digits.isdigit() or len(digits) > _SIZE_DIGITS:
        raise tarfile.ReadError("it has a file of an impossible size")
    return int(digits)
