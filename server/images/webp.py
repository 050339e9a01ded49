"""WebP (RFC 9649): checks the RIFF chunks and the header of the only frame."""

import struct
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from server.images.decode_cost import (
    BGR_BYTES,
    PEAK_BYTES,
    TURN_PIXEL_S,
    WEBP_GROUP_BYTES,
    WEBP_GROUP_S,
    WEBP_LOSSLESS_BYTE_S,
    WEBP_LOSSLESS_BYTES,
    WEBP_LOSSLESS_PIXEL_S,
    WEBP_LOSSY_BYTE_S,
    WEBP_LOSSY_PIXEL_S,
)
from server.images.excision import without
from server.images.exif import read_orientation, write_orientation
from server.images.refusal import damaged, require_bytes, require_size, unsupported
from server.images.webp_groups import surplus_groups
from server.types import EncodedImage, ImageFormat

_ANIMATION_FLAG, _EXIF_FLAG = 0x02, 0x08
_MAX_CHUNKS = 256  # a still picture has at most seven, plus those that writers add


class _Chunk(NamedTuple):
    """A chunk: its name, and the start and end of its content."""

    name: bytes
    start: int
    end: int


def may_be_lossless_webp(data: bytes) -> bool:
    """Whether it is a WebP that does not begin with a lossy frame: to count its groups takes some ms."""
    return data.startswith(b"RIFF") and data[8:16] not in (b"WEBPVP8 ", b"")


def inspect_webp(data: bytes, max_pixels: int) -> EncodedImage:
    """Check a still WebP, lossy or lossless, complete by its lengths; raises UnsupportedImage, ImageTooLarge, UndecodableImage.

    Animations are refused, like GIFs: OpenCV 5 shows their first frame, OpenCV 4 fails.
    """
    if data[8:12] != b"WEBP":
        raise unsupported("The bytes are RIFF, but not WebP")
    end = 8 + int.from_bytes(data[4:8], "little")
    require_bytes(data, 0, end, "The WebP container")
    canvas: tuple[int, int] | None = None
    size: tuple[int, int] | None = None
    lossless = exif_is_told = False
    exifs: list[_Chunk] = []
    seen: list[_Chunk] = []
    for position, chunk in enumerate(_chunks(data, end)):
        seen.append(chunk)
        if position == 0 and chunk.name == b"VP8X":
            canvas = _canvas(data, chunk)
            exif_is_told = bool(data[chunk.start] & _EXIF_FLAG)  # without this flag libwebp, and so every reader, gives no EXIF
            require_size(*canvas, max_pixels, chunk.start)
        elif size is None and chunk.name in {b"VP8 ", b"VP8L"}:
            lossless = chunk.name == b"VP8L"
            size = (_lossless_size if lossless else _lossy_size)(data, chunk)
            require_size(*size, max_pixels, chunk.start)
            if canvas not in {None, size}:
                raise damaged(f"A WebP frame of {size} pixels on a canvas of {canvas}", chunk.start)
        elif position == 0:
            raise damaged(f"A WebP chunk {chunk.name!r} instead of a frame", chunk.start)
        elif chunk.name in {b"ANIM", b"ANMF"}:
            raise unsupported(f"An animated WebP (chunk {chunk.name.decode()} at byte {chunk.start}) is not a still picture")
        elif chunk.name == b"EXIF" and exif_is_told:
            exifs.append(chunk)
    if size is None:
        raise damaged("The WebP ends without a frame", end)
    pixels = size[0] * size[1]
    pixel_s, byte_s = (WEBP_LOSSLESS_PIXEL_S, WEBP_LOSSLESS_BYTE_S) if lossless else (WEBP_LOSSY_PIXEL_S, WEBP_LOSSY_BYTE_S)
    groups = _groups(data, seen, *size)
    decode_s = pixel_s * pixels + byte_s * end + WEBP_GROUP_S * groups
    decoded_bytes = pixels * max(BGR_BYTES + WEBP_LOSSLESS_BYTES * lossless, PEAK_BYTES) + WEBP_GROUP_BYTES * groups
    image = EncodedImage(data[:end], ImageFormat.WEBP, *size, decode_s=decode_s, decoded_bytes=decoded_bytes)
    return _oriented(image, exifs) if exifs else image


def _oriented(image: EncodedImage, exifs: list[_Chunk]) -> EncodedImage:
    """The image with its orientation, by the first of these chunks. If it is not 1, or there are several, one at the end replaces them."""
    data = image.data
    orientation = read_orientation(data[exifs[0].start : exifs[0].end])
    if orientation == 1 and len(exifs) == 1:
        return image
    bare = without(data, [(chunk.start - 8, min(chunk.end + chunk.end % 2, len(data))) for chunk in exifs], len(data))
    exif = write_orientation(orientation)
    tail = bytes(len(bare) % 2) + struct.pack("<4sI", b"EXIF", len(exif)) + exif
    written = b"".join((bare[:4], struct.pack("<I", len(bare) + len(tail) - 8), memoryview(bare)[8:], tail))
    decode_s = image.decode_s + (TURN_PIXEL_S * image.width_px * image.height_px if orientation != 1 else 0)
    return replace(image, data=written, orientation=orientation, decode_s=decode_s)


def _chunks(data: bytes, end: int) -> Iterator[_Chunk]:
    """The chunks inside the RIFF container, which ends at `end`."""
    at = 12
    for _ in range(_MAX_CHUNKS):
        if at >= end:
            return
        start = at + 8
        if start > end:
            raise damaged("Half a WebP chunk header", at)
        chunk = _Chunk(data[at : at + 4], start, start + int.from_bytes(data[at + 4 : start], "little"))
        if chunk.end > end:
            raise damaged(f"A WebP chunk {chunk.name!r} that ends at byte {chunk.end}, outside its container,", at)
        yield chunk
        at = chunk.end + chunk.end % 2  # contents are padded to even lengths and start at even positions
    raise damaged(f"The WebP has more than {_MAX_CHUNKS} chunks; the last", at)


def _canvas(data: bytes, chunk: _Chunk) -> tuple[int, int]:
    """Width and height in pixels from a VP8X chunk."""
    if chunk.end - chunk.start != 10:
        raise damaged("A WebP VP8X chunk of the wrong length", chunk.start)
    if data[chunk.start] & _ANIMATION_FLAG:
        raise unsupported(f"An animated WebP (flag at byte {chunk.start}) is not a still picture")
    width_px, height_px = (1 + int.from_bytes(data[at : at + 3], "little") for at in (chunk.start + 4, chunk.start + 7))
    return width_px, height_px


def _lossy_size(data: bytes, chunk: _Chunk) -> tuple[int, int]:
    """Width and height in pixels from a VP8 key frame (RFC 6386, 9.1); refuses a frame with a truncated first partition."""
    frame_bytes = chunk.end - chunk.start
    if frame_bytes < 10:
        raise damaged("A WebP frame without a header", chunk.start)
    tag = int.from_bytes(data[chunk.start : chunk.start + 3], "little")
    if tag & 1 or data[chunk.start + 3 : chunk.start + 6] != b"\x9d\x01\x2a":
        raise damaged("Something else instead of a WebP key frame", chunk.start)
    if (tag >> 5) >= frame_bytes:
        raise damaged("A WebP frame shorter than its first partition", chunk.start)
    width, height = struct.unpack_from("<HH", data, chunk.start + 6)
    return width & 0x3FFF, height & 0x3FFF  # the upper two bits are for scaling


def _lossless_size(data: bytes, chunk: _Chunk) -> tuple[int, int]:
    """Width and height in pixels from a VP8L header (RFC 9649, 3.4)."""
    if chunk.end - chunk.start < 5 or data[chunk.start] != 0x2F:
        raise damaged("Something else instead of a lossless WebP frame", chunk.start)
    bits = int.from_bytes(data[chunk.start + 1 : chunk.start + 5], "little")
    if bits >> 29:
        raise damaged("An unknown version of lossless WebP", chunk.start)
    return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)


def _groups(data: bytes, chunks: list[_Chunk], width_px: int, height_px: int) -> int:
    """The groups of Huffman codes of a lossless frame, or of the lossless transparency before a lossy one, beyond what encoders write."""
    frame = next(place for place, chunk in enumerate(chunks) if chunk.name in {b"VP8 ", b"VP8L"})
    lossless = [one for one in chunks[: frame + 1] if one.name == b"VP8L" or (one.name == b"ALPH" and data[one.start] & 3 == 1)]
    if not lossless:
        return 0
    return surplus_groups(data, lossless[-1].start + (1 if lossless[-1].name == b"ALPH" else 5), lossless[-1].end, width_px, height_px)
