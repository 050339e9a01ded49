"""Image files taken apart, and put together again with every length and checksum right: so that a change gets inside."""

import re
from dataclasses import dataclass

from tests.soak.image_seeds import png_chunk


@dataclass(frozen=True, slots=True)
class Part:
    """A segment or chunk with the name it is written under; without one, its bytes stand for themselves."""

    name: bytes
    content: bytes


_SCAN = re.compile(rb"(?:[^\xff]|\xff[\x00\xd0-\xd7])*", re.DOTALL)
_STRAY_MARK = re.compile(rb"\xff(?![\x00\xd0-\xd7])", re.DOTALL)
_SOS = b"\xff\xda"


def take_apart(data: bytes) -> list[Part]:
    """The parts of an intact image."""
    if data.startswith(b"\xff\xd8"):
        return _jpeg_parts(data)
    if data.startswith(b"\x89PNG"):
        return _png_parts(data)
    if data.startswith(b"RIFF"):
        return _webp_parts(data)
    pixels_at = int.from_bytes(data[10:14], "little")
    header_end = 14 + int.from_bytes(data[14:18], "little")
    return [Part(b"", part) for part in (data[:14], data[14:header_end], data[header_end:pixels_at], data[pixels_at:])]


def put_together(parts: list[Part], kind: str) -> bytes:
    """The image of these parts."""
    if kind == "jpeg":
        return b"\xff\xd8" + b"".join(map(_jpeg_segment, parts)) + b"\xff\xd9"
    if kind == "png":
        return b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(part.name, part.content) for part in parts)
    if kind == "webp":
        chunks = b"".join(part.name + _length(part.content) + part.content + bytes(len(part.content) % 2) for part in parts)
        return b"RIFF" + _length(b"WEBP" + chunks) + b"WEBP" + chunks
    return b"".join(part.content for part in parts)


def _length(content: bytes) -> bytes:
    return len(content).to_bytes(4, "little")


def _jpeg_segment(part: Part) -> bytes:
    if part.name:
        content = part.content[:65_533]
        return part.name + (2 + len(content)).to_bytes(2) + content
    return _STRAY_MARK.sub(b"\xff\0", part.content)


def _jpeg_parts(data: bytes) -> list[Part]:
    parts, at = [], 2
    while (name := data[at : at + 2]) != b"\xff\xd9":
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4])
        parts.append(Part(name, data[at + 4 : end]))
        if name == _SOS and (scan := _SCAN.match(data, end)):
            parts.append(Part(b"", scan[0]))
            end = scan.end()
        at = end
    return parts


def _png_parts(data: bytes) -> list[Part]:
    parts, at = [], 8
    while at < len(data):
        end = at + 8 + int.from_bytes(data[at : at + 4])
        parts.append(Part(data[at + 4 : at + 8], data[at + 8 : end]))
        at = end + 4
    return parts


def _webp_parts(data: bytes) -> list[Part]:
    parts, at = [], 12
    while at < len(data):
        end = at + 8 + int.from_bytes(data[at + 4 : at + 8], "little")
        parts.append(Part(data[at : at + 4], data[at + 8 : end]))
        at = end + end % 2
    return parts
