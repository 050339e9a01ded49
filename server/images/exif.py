"""The orientation in an EXIF block, as OpenCV reads it, and an EXIF block that says nothing else."""

import struct

_ORIENTATION_TAG = 0x0112
_TIFF_MARK = 42
_ENTRY_BYTES = 12
_VALUE_END_BYTES = 10  # of an entry: tag, type, count and the first half of the value


def read_orientation(exif: bytes) -> int:
    """The orientation, 1-8, that an EXIF block tells in its first directory; 1 if it tells none or is in any way odd.

    `exif` starts with the TIFF header; an "Exif" preamble, which belongs to JPEG only, is passed over. As in OpenCV, the
    first orientation entry counts, and its value is read as a 16-bit number whatever its type says.
    """
    tiff = exif[6:] if exif.startswith(b"Exif\0") else exif
    order = "<" if tiff.startswith(b"II") else ">"
    try:
        mark, directory = struct.unpack_from(f"{order}HI", tiff, 2)
        (entries,) = struct.unpack_from(f"{order}H", tiff, directory)
    except struct.error:
        return 1
    if mark != _TIFF_MARK:
        return 1
    first = directory + 2
    entry = struct.Struct(f"{order}H6xH")
    for at in range(first, min(first + entries * _ENTRY_BYTES, len(tiff) - _VALUE_END_BYTES + 1), _ENTRY_BYTES):
        tag, value = entry.unpack_from(tiff, at)
        if tag == _ORIENTATION_TAG:
            return value if 1 <= value <= 8 else 1
    return 1


def write_orientation(orientation: int) -> bytes:
    """A big-endian EXIF block, from its TIFF header on, with one directory of one entry: the orientation."""
    return struct.pack(">2sHIHHHIHxxI", b"MM", _TIFF_MARK, 8, 1, _ORIENTATION_TAG, 3, 1, orientation, 0)
