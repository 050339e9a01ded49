"""Opens a zip archive, once its end record has said what its directory costs.

`zipfile` alone reads the whole directory, however long, and makes half a kilobyte of Python objects of every 46 bytes.
"""

import os
import struct
import zipfile
from typing import IO

# The signature and what follows it, after PKWARE's APPNOTE 6.3, sections 4.3.16, 4.3.15 and 4.3.14.
_END = struct.Struct("<4s4H2IH")
_LOCATOR = struct.Struct("<4sIQI")
_END64 = struct.Struct("<4sQ2H2I4Q")
_ENTRY = b"PK\x01\x02"
_LOCAL_HEADER_BYTES = 30  # and a name
_MAX_COMMENT_BYTES = 0xFFFF
_CHUNK_BYTES = 256 * 1024


class ZipTooLarge(zipfile.BadZipFile):
    """The directory has more bytes or more entries than allowed."""


def open_zip(file: IO[bytes], max_entries: int, max_directory_bytes: int) -> zipfile.ZipFile:
    """The archive, its directory read: so many entries at most, apart from each other and inside the file.

    How large an entry becomes is for the caller to bound. Raises ZipTooLarge before anything is made of the directory;
    BadZipFile for an archive that is damaged, or has anything but a comment around it; what `ZipFile` raises besides.
    """
    count, size, start = _find_directory(file)
    if size > max_directory_bytes:
        raise ZipTooLarge(f"the zip has a directory of {size} bytes, more than {max_directory_bytes}")
    if (found := _count_marks(file, start, size)) > max_entries:  # ZipFile goes by these marks, not by the count in the end record
        raise ZipTooLarge(f"the zip has {found} entries, more than {max_entries}")
    archive = zipfile.ZipFile(file)
    entries = archive.infolist()
    if (len(entries) - count) % 0x10000:  # some write no more than the lower half of a large count
        raise zipfile.BadZipFile(f"the zip's directory has {len(entries)} entries, its end says {count}")
    _check_places(entries, start)
    return archive


def _count_marks(file: IO[bytes], start: int, size: int) -> int:
    """How often the mark of an entry occurs, a stretch at a time."""
    count, before = 0, b""
    file.seek(start)
    while size > 0 and (chunk := file.read(min(_CHUNK_BYTES, size))):
        size -= len(chunk)
        seen = before + chunk
        count += seen.count(_ENTRY)
        before = seen[1 - len(_ENTRY) :]
    return count


def _find_directory(file: IO[bytes]) -> tuple[int, int, int]:
    """(entries, bytes, where it begins) of the directory: where `zipfile` looks for it too, and nowhere else."""
    tail_start = max(file.seek(0, os.SEEK_END) - _END.size - _MAX_COMMENT_BYTES, 0)
    file.seek(tail_start)
    tail = file.read()
    place = tail.rfind(b"PK\x05\x06")
    if place < 0 or len(tail) < place + _END.size:
        raise zipfile.BadZipFile("the zip is truncated: it has no end record")
    _, disk, first_disk, here, count, size, start, comment = _END.unpack_from(tail, place)
    if disk or first_disk or here != count or place + _END.size + comment != len(tail):
        raise zipfile.BadZipFile("the zip is truncated, or something follows it: its end record does not fit the file")
    end = tail_start + place
    locator = end - _LOCATOR.size
    if locator >= 0 and (record := _read(file, locator, _LOCATOR))[0] == b"PK\x06\x07":
        end = locator - _END64.size
        signature, length, *_, count, size, start = _read(file, end, _END64)
        if signature != b"PK\x06\x06" or length != _END64.size - 12 or record[1:] != (0, end, 1):
            raise zipfile.BadZipFile("the zip's 64-bit end record is damaged, or not where its locator says")
    if start + size != end:
        raise zipfile.BadZipFile("the zip's directory is not where its end says")
    return count, size, start


def _read(file: IO[bytes], place: int, record: struct.Struct) -> tuple[int | bytes, ...]:
    file.seek(max(place, 0))
    if place < 0 or len(found := file.read(record.size)) < record.size:
        raise zipfile.BadZipFile("the zip is damaged: it is shorter than its end record says")
    return record.unpack(found)


def _check_places(entries: list[zipfile.ZipInfo], directory: int) -> None:
    """Raises BadZipFile if two entries share bytes or one reaches into the directory; not every Python looks."""
    free = 0
    for entry in sorted(entries, key=lambda entry: entry.header_offset):
        if entry.header_offset < free:
            raise zipfile.BadZipFile(f"{entry.filename[:100]!r} overlaps with another entry of the zip")
        free = entry.header_offset + _LOCAL_HEADER_BYTES + entry.compress_size
        if free > directory:
            raise zipfile.BadZipFile(f"the zip is truncated, or damaged: {entry.filename[:100]!r} reaches beyond its entries")
