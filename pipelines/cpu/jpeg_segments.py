"""The segments of a JPEG before its first scan, and the size that they tell. The server has checked such a file, others may not have."""

from collections.abc import Iterator

SOS, DHT, APP1 = 0xDA, 0xC4, 0xE1
_FRAMES = {*range(0xC0, 0xD0)} - {DHT, 0xC8, 0xCC}
_FRAME_BYTES = 9  # of a frame header, up to its sides
# An EXIF block with nothing but an orientation, as server/images/exif.py writes it, up to the orientation.
_WRITTEN = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0"
_WRITTEN_BYTES = 32
_LAST_ORIENTATION, _QUARTER_TURNS = 8, 5


def segments(jpeg: bytes) -> Iterator[tuple[int, int, int]]:
    """The marker, the start and the end of each segment, up to that of the first scan."""
    at = 2
    while jpeg[at : at + 1] == b"\xff" and at + 4 <= len(jpeg):
        marker, end = jpeg[at + 1], at + 2 + int.from_bytes(jpeg[at + 2 : at + 4])
        if end < at + 4:
            return
        yield marker, at, end
        if marker == SOS:
            return
        at = end


def upright_jpeg_px(data: bytes) -> tuple[int, int] | None:
    """(width, height) of a JPEG as it is shown, by its frame header and its EXIF orientation.

    None for another image, for a JPEG without a frame header before its first scan, and for EXIF that the server did not write:
    OpenCV's versions may read it differently.
    """
    if not data.startswith(b"\xff\xd8"):
        return None
    turned = False
    for marker, start, end in segments(data):
        if end > len(data):
            return None
        if marker in _FRAMES:
            if end - start < _FRAME_BYTES:
                return None
            height, width = int.from_bytes(data[start + 5 : start + 7]), int.from_bytes(data[start + 7 : start + 9])
            return (height, width) if turned else (width, height)
        if marker == APP1:
            block = data[start + 4 : end]
            orientation = block[len(_WRITTEN)] if len(block) == _WRITTEN_BYTES and block.startswith(_WRITTEN) else 0
            if not 1 <= orientation <= _LAST_ORIENTATION:
                return None
            turned = orientation >= _QUARTER_TURNS
    return None
