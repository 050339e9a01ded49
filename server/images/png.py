"""PNG (W3C PNG, third edition): checks the chunks from IHDR to IEND, without inflating them."""

import struct
import zlib
from collections.abc import Iterator
from typing import NamedTuple

from server.images.decode_cost import (
    PEAK_BYTES,
    PNG_CODED_BYTE_S,
    PNG_INTERLACED_PIXEL_S,
    PNG_PIXEL_S,
    PNG_ROWS_BYTE_S,
    TURN_PIXEL_S,
)
from server.images.excision import without
from server.images.exif import read_orientation, write_orientation
from server.images.refusal import damaged, require_bytes, require_size, unsupported
from server.types import EncodedImage, ImageFormat

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_HEADER_END = len(_SIGNATURE) + 12 + 13
_DEPTHS = {0: {1, 2, 4, 8, 16}, 2: {8, 16}, 3: {1, 2, 4, 8}, 4: {8, 16}, 6: {8, 16}}  # by colour type, table 11.1
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_PALETTE = 3
_END = b"\0\0\0\0IEND\xaeB`\x82"
_GREYS = {0, 4}
_DEFLATE, _LARGEST_WINDOW = 8, 0x78  # CM and CMF (RFC 1950, 2.2); the window is the upper half of CMF
_FLAGS = 0xE0  # of FLG: all but the bits that make CMF and FLG a multiple of 31
# Encoders write chunks of 8 KiB or more. A walk over more chunks than these would cost a small file more than its picture.
_MAX_CHUNKS, _CHUNK_BYTES = 1024, 2048
_MAX_EXIF_BYTES = 64 * 1024


class _Chunk(NamedTuple):
    """A chunk: `start` is the position of its length, `end` the position after its CRC."""

    kind: bytes
    start: int
    end: int

    def content(self, data: bytes) -> bytes:
        return data[self.start + 8 : self.end - 4]

    def is_whole(self, data: bytes) -> bool:
        """Whether its checksum is right."""
        return zlib.crc32(memoryview(data)[self.start + 4 : self.end - 4]) == int.from_bytes(data[self.end - 4 : self.end])


class _Header(NamedTuple):
    width_px: int
    height_px: int
    colour_type: int
    depth: int
    interlaced: bool

    @property
    def rows_bytes(self) -> int:
        """The rows, with a byte each that names the filter."""
        return self.height_px * (1 + self.width_px * _CHANNELS[self.colour_type] * self.depth // 8)


def inspect_png(data: bytes, max_pixels: int) -> EncodedImage:
    """Check a PNG that is complete to IEND, every critical chunk's CRC right; raises UnsupportedImage, ImageTooLarge, UndecodableImage.

    Only the critical chunks are kept, so nothing is asked of the others but their length. Some do not change any pixel in all OpenCV
    versions (transparency is dropped); on others the versions disagree: of an APNG, OpenCV 5 may show a frame that is not the still image.
    An orientation other than 1 is written anew, behind the header.
    """
    if not data.startswith(_SIGNATURE):
        raise damaged("A broken PNG signature", 0)
    header, at = _header(data, max_pixels)
    ancillary: list[tuple[int, int]] = []
    orientation: int | None = None
    palette = False
    first_pixels: _Chunk | None = None
    pixels_end = 0
    for chunk in _chunks(data, at):
        if chunk.kind == b"IDAT":
            if pixels_end not in {0, chunk.start}:
                raise damaged("A PNG pixel chunk apart from the others", chunk.start)
            first_pixels = first_pixels or chunk
            pixels_end = chunk.end
        elif chunk.kind == b"PLTE":
            _require_palette(chunk, header, misplaced=palette or pixels_end > 0)
            palette = True
        elif chunk.kind == b"IEND":
            if first_pixels is None or (header.colour_type == _PALETTE and not palette):
                raise damaged("The PNG ends without pixels or without its palette", chunk.start)
            return _still(_with_largest_window(data, first_pixels, header.rows_bytes), header, ancillary, chunk, orientation or 1)
        elif chunk.kind[:1].islower():  # a decoder may skip it
            ancillary.append((chunk.start, chunk.end))
            is_exif = chunk.kind == b"eXIf" and chunk.end - chunk.start <= _MAX_EXIF_BYTES
            if is_exif and orientation is None and chunk.is_whole(data):
                orientation = read_orientation(chunk.content(data))
        else:
            raise damaged(f"An unknown critical PNG chunk {chunk.kind!r}", chunk.start)
    raise damaged(f"The PNG has more than {_most_chunks(data)} chunks; the last", len(data))


def _still(data: bytes, header: _Header, ancillary: list[tuple[int, int]], end: _Chunk, orientation: int) -> EncodedImage:
    """The image without its ancillary chunks but the orientation; an end that has content, or a wrong checksum, is replaced."""
    plain_end = data[end.start : end.end] == _END
    still = without(data, ancillary, end.end) if plain_end else without(data, ancillary, end.start) + _END
    pixels = header.width_px * header.height_px
    decode_s = (PNG_INTERLACED_PIXEL_S if header.interlaced else PNG_PIXEL_S) * pixels
    decode_s += PNG_ROWS_BYTE_S * header.rows_bytes + PNG_CODED_BYTE_S * len(still)
    if orientation > 1:
        exif = write_orientation(orientation)
        chunk = b"".join((len(exif).to_bytes(4), b"eXIf", exif, zlib.crc32(exif, zlib.crc32(b"eXIf")).to_bytes(4)))
        still = b"".join((still[:_HEADER_END], chunk, memoryview(still)[_HEADER_END:]))
        decode_s += TURN_PIXEL_S * pixels
    return EncodedImage(still, ImageFormat.PNG, *header[:2], orientation, decode_s, PEAK_BYTES * pixels)


def _with_largest_window(data: bytes, pixels: _Chunk, rows_bytes: int) -> bytes:
    """The image with zlib's largest window told in its first pixel chunk, if the rows are longer than the window that is told.

    Some writers tell a smaller one than their compressor had. OpenCV's libpng then stops; Pillow and browsers read on. A larger
    window than needed changes nothing.
    """
    at = pixels.start + 8
    first = data[at : min(at + 2, pixels.end - 4)]
    is_zlib = len(first) == 2 and first[0] & 15 == _DEFLATE and int.from_bytes(first) % 31 == 0
    if not is_zlib or first[0] >= _LARGEST_WINDOW or 256 << (first[0] >> 4) >= rows_bytes:
        return data
    flags = first[1] & _FLAGS
    told = bytes([_LARGEST_WINDOW, flags + 31 - (_LARGEST_WINDOW * 256 + flags) % 31])
    whole = memoryview(data)
    checksum = zlib.crc32(whole[at + 2 : pixels.end - 4], zlib.crc32(told, zlib.crc32(b"IDAT")))
    return b"".join((whole[:at], told, whole[at + 2 : pixels.end - 4], checksum.to_bytes(4), whole[pixels.end :]))


def _chunks(data: bytes, at: int) -> Iterator[_Chunk]:
    """The chunks from `at` on, the critical ones after a check of their CRC; the caller stops at IEND."""
    for _ in range(_most_chunks(data)):
        require_bytes(data, at, at + 12, "A PNG chunk")
        kind = data[at + 4 : at + 8]
        ancillary = kind[:1].islower()
        if not (ancillary or kind.isalpha()):
            raise damaged(f"{kind!r} instead of the type of a PNG chunk", at + 4)
        chunk = _Chunk(kind, at, at + 12 + int.from_bytes(data[at : at + 4]))
        require_bytes(data, at, chunk.end, "A PNG chunk")
        if not (ancillary or kind == b"IEND" or chunk.is_whole(data)):
            raise damaged(f"A wrong checksum of the PNG chunk {kind.decode()}", at)
        yield chunk
        at = chunk.end


def _most_chunks(data: bytes) -> int:
    return _MAX_CHUNKS + len(data) // _CHUNK_BYTES


def _header(data: bytes, max_pixels: int) -> tuple[_Header, int]:
    """IHDR and its end."""
    at = len(_SIGNATURE)
    chunk = next(_chunks(data, at))
    if chunk.kind == b"CgBI":
        raise unsupported("A PNG that was changed for iPhones (chunk CgBI) is not supported")
    if chunk.kind != b"IHDR" or chunk.end - chunk.start != 12 + 13:
        raise damaged("Something else instead of the PNG header", at)
    width_px, height_px, depth, colour_type, compression, filtering, interlace = struct.unpack(">IIBBBBB", chunk.content(data))
    require_size(width_px, height_px, max_pixels, at)
    if depth not in _DEPTHS.get(colour_type, ()) or compression or filtering or interlace > 1:
        raise damaged(
            f"An illegal PNG header (depth {depth}, colour type {colour_type}, compression {compression}, filter {filtering}, "
            f"interlace {interlace})",
            at,
        )
    return _Header(width_px, height_px, colour_type, depth, bool(interlace)), chunk.end


def _require_palette(chunk: _Chunk, header: _Header, *, misplaced: bool) -> None:
    size_bytes = chunk.end - chunk.start - 12
    if misplaced or header.colour_type in _GREYS or size_bytes % 3 or not 3 <= size_bytes <= 3 * 256:
        raise damaged("A PNG palette of the wrong size or in the wrong place", chunk.start)
