"""Intact pictures with oddities that real writers leave, and others like them that are not intact.

They are made after public reports of other programs: webcams, scanners, photo editors, converters.
"""

import io
import struct
import zlib
from typing import Any

import numpy as np
from PIL import Image

from pipelines.cpu.elements.frame import Pixels
from server.images.exif import write_orientation
from tests.server.images.bmp_made import MASKS
from tests.soak.image_seeds import png_chunk, scene

RGB = scene()
HEIGHT_PX, WIDTH_PX = RGB.shape[:2]
EOI, SOS, DHT = b"\xff\xd9", 0xDA, 0xC4
JUNK = b"\x12\x34\x56" * 30


def pillow(kind: str, mode: str = "RGB", **options: Any) -> bytes:
    """The scene as Pillow writes it."""
    into = io.BytesIO()
    Image.fromarray(RGB).convert(mode).save(into, kind, **options)
    return into.getvalue()


def segment(marker: int, content: bytes) -> bytes:
    """A JPEG segment."""
    return struct.pack(">BBH", 0xFF, marker, 2 + len(content)) + content


def adobe(transform: int) -> bytes:
    """The segment that tells how colours were transformed."""
    return segment(0xEE, struct.pack(">5sHHHB", b"Adobe", 100, 0, 0, transform))


def segments(jpeg: bytes) -> list[tuple[int, bytes]]:
    """The segments of a JPEG up to its scan, which is with all behind it in the last."""
    found, at = [], 2
    while jpeg[at + 1] != SOS:
        end = at + 2 + int.from_bytes(jpeg[at + 2 : at + 4])
        found.append((jpeg[at + 1], jpeg[at:end]))
        at = end
    return [*found, (SOS, jpeg[at:])]


def only(jpeg: bytes, *without: int) -> bytes:
    """A JPEG without some of its segments."""
    return jpeg[:2] + b"".join(content for marker, content in segments(jpeg) if marker not in without)


JPEG, CMYK, PROGRESSIVE = pillow("JPEG", quality=92), pillow("JPEG", "CMYK", quality=92), pillow("JPEG", quality=92, progressive=True)
RESTARTS = pillow("JPEG", quality=90, restart_marker_blocks=4)
PLAIN = only(JPEG, 0xE0)
JFIF_END = 20


def jpeg_with(*added: bytes) -> bytes:
    """The JPEG with segments behind that of JFIF."""
    return JPEG[:JFIF_END] + b"".join(added) + JPEG[JFIF_END:]


def transformed(jpeg: bytes, transform: int) -> bytes:
    """A JPEG with another colour transform in its Adobe segment."""
    at = jpeg.index(b"Adobe") + 11
    return jpeg[:at] + bytes([transform]) + jpeg[at + 1 :]


PNG = pillow("PNG")
HEADER_END = 33
ROWS = b"".join(b"\0" + row.tobytes() for row in RGB)
CODED = zlib.compress(ROWS)
PNG_END = png_chunk(b"IEND", b"")


def png_of(coded: bytes, end: bytes = PNG_END, *before: bytes) -> bytes:
    """A PNG of these pixels."""
    return PNG[:HEADER_END] + b"".join(before) + png_chunk(b"IDAT", coded) + end


def png_with(*added: bytes) -> bytes:
    """The PNG with chunks behind its header."""
    return PNG[:HEADER_END] + b"".join(added) + PNG[HEADER_END:]


def broken(chunk: bytes) -> bytes:
    """A chunk with a wrong checksum."""
    return chunk[:-4] + bytes(byte ^ 255 for byte in chunk[-4:])


WEBP = pillow("WEBP", quality=90)

JPEGS = {
    "Adobe transform 1": PLAIN[:2] + adobe(1) + PLAIN[2:],
    "Adobe transform 2": PLAIN[:2] + adobe(2) + PLAIN[2:],
    "Adobe transform 255": PLAIN[:2] + adobe(255) + PLAIN[2:],
    "JFIF and Adobe": jpeg_with(adobe(1)),
    "JFIF and Adobe 255": jpeg_with(adobe(255)),
    "a short Adobe segment": PLAIN[:2] + segment(0xEE, b"Adobe") + PLAIN[2:],
    "an interval of no restarts": jpeg_with(segment(0xDD, b"\0\0")),
    "a thumbnail that is not there": JPEG[:18] + b"\x10\x10" + JPEG[20:],
    "a comment in Latin-1": jpeg_with(segment(0xFE, "café ©".encode("latin-1"))),
    "Photoshop's segment": jpeg_with(segment(0xED, b"Photoshop 3.0\x008BIM\4\4\0\0\0\0\0\0")),
    "half a colour profile": jpeg_with(segment(0xE2, b"ICC_PROFILE\0\5\2" + bytes(200))),
    "an index of pictures": jpeg_with(segment(0xE2, b"MPF\0MM\0*\0\0\0\x08\0\0")),
    "a webcam's frame, without tables": only(JPEG, DHT),
    "bytes before a segment": jpeg_with(JUNK),
    "FF 00 before a segment": jpeg_with(b"\0\xff\0\xff\xff\0"),
    "restarts between segments": jpeg_with(b"\xff\xd0\xff\xd7\xff\x01"),
    "fill bytes": jpeg_with(b"\xff" * 500),
    **{f"{count} bytes before the end": JPEG[:-2] + (JUNK * 100)[:count] + EOI for count in (1, 2, 7, 16, 90, 9000)},
    "zeros before the end": JPEG[:-2] + bytes(4096) + EOI,
}
RESTARTED = {
    "restarts": RESTARTS,
    "restarts behind the last block": RESTARTS[:-2] + b"\xff\xd2" + JUNK + b"\xff\xd3" + JUNK[:20] + EOI,
    "bytes behind the last block of restarts": RESTARTS[:-2] + JUNK + EOI,
}
PNGS = {
    "a byte behind the pixels": png_of(CODED + b"\0"),
    "bytes behind the pixels": png_of(CODED + JUNK * 1000),
    "a chunk of bytes behind the pixels": png_of(CODED, PNG_END, png_chunk(b"IDAT", b""))[: -len(PNG_END)]
    + png_chunk(b"IDAT", JUNK)
    + PNG_END,
    "a zlib window that is told too small": png_of(b"\x08\x1d" + CODED[2:]),
    "a row too many": png_of(zlib.compress(ROWS + bytes(1 + 3 * WIDTH_PX))),
    "twice the rows": png_of(zlib.compress(ROWS + ROWS)),
    "an end with a wrong checksum": png_of(CODED, broken(PNG_END)),
    "an end with content": png_of(CODED, png_chunk(b"IEND", b"x")),
    "a private chunk": png_with(png_chunk(b"prVw", bytes(9))),
    "a chunk with a digit in its name": png_with(png_chunk(b"vp8L", b"x")),
    "a text with a wrong checksum": png_with(broken(png_chunk(b"tEXt", b"Title\0cat"))),
    "an orientation with a wrong checksum": png_with(broken(png_chunk(b"eXIf", write_orientation(6)))),
    "transparency before a palette": png_with(png_chunk(b"tRNS", bytes(6))),
    "nine megabytes of text": png_with(png_chunk(b"tEXt", b"parameters\0" + b"a" * 9_000_000)),
    "high dynamic range": png_with(png_chunk(b"cICP", b"\x09\x10\0\1")),
    "two colour profiles": png_with(png_chunk(b"sRGB", b"\0"), png_chunk(b"iCCP", b"x\0\0" + zlib.compress(bytes(200)))),
}
WEBPS = {
    "an unknown chunk": b"RIFF" + struct.pack("<I", len(WEBP) + 4) + WEBP[8:] + struct.pack("<4sI4s", b"JUNK", 4, b"abcd"),
}


def bmp(bits: int, header_bytes: int, compression: int, masks: str, rows: Pixels) -> bytes:
    """The scene as BMP, its rows as they are stored."""
    stored = np.pad(rows.reshape(HEIGHT_PX, -1), ((0, 0), (0, -rows.reshape(HEIGHT_PX, -1).shape[1] % 4))).tobytes()
    header = struct.pack("<IiiHHIIiiII", header_bytes, WIDTH_PX, HEIGHT_PX, 1, bits, compression, len(stored), 0, 0, 0, 0)
    header = (header + (MASKS[masks] if masks else b"")).ljust(header_bytes, b"\0")
    return struct.pack("<2sIHHI", b"BM", 14 + len(header) + len(stored), 0, 0, 14 + len(header)) + header + stored


_UP: Pixels = RGB[::-1]
_ALPHA = np.full((HEIGHT_PX, WIDTH_PX), 255, np.uint8)
_BGR: Pixels = _UP[..., ::-1]
BMPS = {
    "R first, V4": bmp(32, 108, 3, "RGBX", np.dstack([_UP, _ALPHA])),
    "R first, Windows 3": bmp(32, 40, 3, "RGBX", np.dstack([_UP, _ALPHA])),
    "R last, the first byte unused": bmp(32, 124, 3, "XBGR", np.dstack([_ALPHA, _BGR])),
    "24 bits with masks": bmp(24, 124, 3, "BGRX", _BGR),
    "a mask of alpha": bmp(32, 56, 6, "BGRX", np.dstack([_BGR, _ALPHA])),
}
_FIVES = [channel.astype(np.uint16) >> 3 for channel in np.moveaxis(_UP, -1, 0)]
_555: Pixels = (_FIVES[0] << 10 | _FIVES[1] << 5 | _FIVES[2]).astype("<u2").view(np.uint8)
BMPS_16 = {
    f"16 bits, {name}": bmp(16, size, how, masks, _555) for name, size, how, masks in (("V5", 124, 0, ""), ("masks, V5", 124, 3, "555"))
}

WHOLE = {
    f"{kind}, {name}": data
    for kind, made in (("jpeg", JPEGS), ("png", PNGS), ("webp", WEBPS), ("bmp", BMPS))
    for name, data in made.items()
}
"""Pictures that every reader shows as that without the oddity."""

_NUMBER_AT = RESTARTS.index(b"\xff\xd3", RESTARTS.index(b"\xff\xda")) + 1
_LAST = RESTARTS.rindex(b"\xff", 0, -2)
DAMAGED = {
    "jpeg, a restart with a wrong number: readers lose the rows between": RESTARTS[:_NUMBER_AT] + b"\xd5" + RESTARTS[_NUMBER_AT + 1 :],
    "jpeg, the last interval is missing": RESTARTS[:_LAST] + EOI,
    "jpeg, coded bytes are missing at the end": JPEG[:-200] + EOI,
    "jpeg, coded bytes are missing inside": JPEG[:2000] + JPEG[2100:],
    "png, a row is missing": png_of(zlib.compress(ROWS[: -(1 + 3 * WIDTH_PX)])),
    "png, a filter that there is not": png_of(zlib.compress(b"\x09" + ROWS[1:])),
    "png, pixels with a wrong checksum": PNG[:HEADER_END] + broken(png_chunk(b"IDAT", CODED)) + PNG_END,
}
