"""Reads the orientation from an EXIF block like OpenCV, and writes an EXIF block with only the orientation."""

import struct

_ORIENTATION_TAG = 0x0112
_TIFF_MARK = 42
_LONG = 4
_PREAMBLE = b"Exif\0\0"
_ENTRY_BYTES = 12
_VALUE_END_BYTES = 10  # end of an entry's tag, type, count and the first half of its value


def read_orientation(exif: bytes) -> int:
    """The orientation, 1-8, in the first directory of an EXIF block; 1 if there is none or the block is odd.

    `exif` starts with the TIFF header; an "Exif" preamble, of which some writers make two, is skipped. As in OpenCV, the
    first orientation entry counts. Its value is a number of 16 bits, or of 32 where its type says so.
    """
    tiff = exif.removeprefix(_PREAMBLE).removeprefix(_PREAMBLE)
    order = "<" if tiff.startswith(b"II") else ">"
    try:
        mark, directory = struct.unpack_from(f"{order}HI", tiff, 2)
        (entries,) = struct.unpack_from(f"{order}H", tiff, directory)
    except struct.error:
        return 1
    if mark != _TIFF_MARK:
        return 1
    first = directory + 2
    entry, long_value = struct.Struct(f"{order}HH4xH"), struct.Struct(f"{order}I")
    for at in range(first, min(first + entries * _ENTRY_BYTES, len(tiff) - _VALUE_END_BYTES + 1), _ENTRY_BYTES):
        tag, kind, value = entry.unpack_from(tiff, at)
        if tag == _ORIENTATION_TAG:
            if kind == _LONG and at + _ENTRY_BYTES <= len(tiff):
                (value,) = long_value.unpack_from(tiff, at + 8)
            return value if 1 <= value <= 8 else 1
    return 1


def write_orientation(orientation: int) -> bytes:
    """A big-endian EXIF block, from its TIFF header on, with one directory and one entry: the orientation."""
    return struct.pack(">2sHIHHHIHxxI", b"MM", _TIFF_MARK, 8, 1, _ORIENTATION_TAG, 3, 1, orientation, 0)
