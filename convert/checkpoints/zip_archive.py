"""The entries of a zip archive whose entries are stored as they are, which is how torch writes them.

None is ever unpacked, so that there is no bomb to go off: an entry is as long as its piece of the file. All that counts is in the
archive's directory; it must be well formed to the last byte, its entries inside the file, apart from each other and of different names.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from convert.checkpoints.malformed import Malformed
from convert.checkpoints.weight_file import WeightFile

MAX_ENTRIES = 32_768  # with Adam's two moments a network of MAX_TENSORS has fewer
_MAX_DIRECTORY_BYTES = 8 << 20

# Signature and the fields that follow, after PKWARE's APPNOTE 6.3, sections 4.3.7, 4.3.12, 4.3.14 to 16 and 4.5.3.
_LOCAL = struct.Struct("<4sHHHHHIIIHH")
_DIRECTORY = struct.Struct("<4sHHHHHHIIIHHHHHII")
_END = struct.Struct("<4sHHHHIIH")
_END64 = struct.Struct("<4sQHHIIQQQQ")
_LOCATOR = struct.Struct("<4sIQI")
_ZIP64_FIELD = 1
_FULL = 0xFFFFFFFF
_ENCRYPTED = 0x2041  # general purpose bits 0, 6 and 13


@dataclass(frozen=True, slots=True)
class Entry:
    """A piece of the file; `header` is where its local header stands."""

    name: str
    header: int
    size_bytes: int
    crc: int


class ZipArchive:
    """The directory of an archive; raises Malformed for all that torch would not write."""

    def __init__(self, file: WeightFile) -> None:
        self._file = file
        count, size, self._directory = _find_directory(file)
        entries = list(_entries(file.read(self._directory, size), count))
        self.entries = {entry.name: entry for entry in entries}
        if len(self.entries) < len(entries):
            raise Malformed("two entries of the zip have one name")
        self._starts = self._places(entries)

    def array(self, entry: Entry, dtype: np.dtype) -> np.ndarray:
        """The entry's bytes as a flat array; raises Malformed if they are not whole elements or their checksum is wrong."""
        if entry.size_bytes % dtype.itemsize:
            raise Malformed(f"{entry.name[:100]!r} has {entry.size_bytes} bytes, which are no whole elements")
        array = self._file.array(self._starts[entry.name], dtype, entry.size_bytes // dtype.itemsize)
        if zlib.crc32(array.view(np.uint8).data) != entry.crc:
            raise Malformed(f"{entry.name[:100]!r} is damaged: its checksum is wrong")
        return array

    def _places(self, entries: list[Entry]) -> dict[str, int]:
        """Where each entry's bytes begin, told by its local header, once no two entries share a byte."""
        starts, free = {}, 0
        for entry in sorted(entries, key=lambda entry: entry.header):
            if entry.header < free:
                raise Malformed(f"{entry.name[:100]!r} overlaps with another entry of the zip")
            signature, _, _, method, *_, name_bytes, extra_bytes = _LOCAL.unpack(self._file.read(entry.header, _LOCAL.size))
            name = self._file.read(entry.header + _LOCAL.size, name_bytes)
            if signature != b"PK\x03\x04" or method or name != entry.name.encode():
                raise Malformed(f"the header of {entry.name[:100]!r} is not that of the zip's directory")
            starts[entry.name] = entry.header + _LOCAL.size + name_bytes + extra_bytes
            free = starts[entry.name] + entry.size_bytes
            if free > self._directory:
                raise Malformed(f"the file is truncated, or damaged: {entry.name[:100]!r} reaches beyond the entries of the zip")
        return starts


def _find_directory(file: WeightFile) -> tuple[int, int, int]:
    """(entries, bytes, where it begins) of the directory."""
    end = file.size_bytes - _END.size
    signature, disk, first_disk, here, count, size, start, comment = _END.unpack(file.read(end, _END.size))
    if signature != b"PK\x05\x06" or comment or disk or first_disk or here != count:
        raise Malformed("the zip is truncated, or something follows it: its directory does not end where the file does")
    locator = end - _LOCATOR.size
    if locator >= 0 and (found := _LOCATOR.unpack(file.read(locator, _LOCATOR.size)))[0] == b"PK\x06\x07":
        end = found[2]
        signature, *_, count, size, start = _END64.unpack(file.read(end, _END64.size))
        if signature != b"PK\x06\x06" or end + _END64.size != locator:
            raise Malformed("the zip's end is not one that torch writes")
    if start + size != end:
        raise Malformed("the zip's directory is not where its end says")
    if count > MAX_ENTRIES or size > _MAX_DIRECTORY_BYTES:
        raise Malformed(f"the zip claims {count} entries and a directory of {size} bytes, more than a checkpoint has")
    return count, size, start


def _entries(directory: bytes, count: int) -> Iterator[Entry]:
    position = 0
    for _ in range(count):
        if position + _DIRECTORY.size > len(directory):
            raise Malformed("the zip's directory is cut off")
        fields = _DIRECTORY.unpack_from(directory, position)
        signature, _, _, flags, method, _, _, crc, packed, size, name_bytes, extra_bytes, comment_bytes, disk, *_, header = fields
        start = position + _DIRECTORY.size
        position = start + name_bytes + extra_bytes + comment_bytes
        if signature != b"PK\x01\x02" or position > len(directory) or disk:
            raise Malformed("the zip's directory is damaged")
        name = directory[start : start + name_bytes].decode()
        if method or flags & _ENCRYPTED:
            raise Malformed(f"{name[:100]!r} is compressed or encrypted in the zip, which torch never does")
        extra = directory[start + name_bytes : position - comment_bytes]
        size, packed, header = _widened(name, extra, (size, packed, header))
        if packed != size:
            raise Malformed(f"{name[:100]!r} has {packed} bytes in the zip and claims {size}")
        yield Entry(name, header, size, crc)
    if position != len(directory):
        raise Malformed("the zip's directory has more than its entries")


def _widened(name: str, extra: bytes, narrow: tuple[int, int, int]) -> tuple[int, int, int]:
    """Those of the three fields that did not fit into 32 bits, from the extra field of zip64; torch may write one early."""
    position, wide = 0, b""
    while position + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, position)
        if kind == _ZIP64_FIELD:
            wide = extra[position + 4 : position + 4 + length]
        position += 4 + length
    values = iter(struct.unpack(f"<{len(wide) // 8}Q", wide[: len(wide) // 8 * 8]))
    found = [next(values, None) if value == _FULL else value for value in narrow]
    if None in found:
        raise Malformed(f"{name[:100]!r} does not say how long it is")
    size, packed, header = (value or 0 for value in found)
    return size, packed, header
