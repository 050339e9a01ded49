"""BMPs of every header, depth and coding, byte by byte."""

import struct

WIDTH, HEIGHT = 19, 7
MASKS = {
    "565": struct.pack("<III", 0xF800, 0x7E0, 0x1F),
    "555": struct.pack("<III", 0x7C00, 0x3E0, 0x1F),
    "444": struct.pack("<III", 0xF00, 0xF0, 0xF),
    "BGRX": struct.pack("<III", 0xFF0000, 0xFF00, 0xFF),
    "XBGR": struct.pack("<III", 0xFF000000, 0xFF0000, 0xFF00),
    "10 bits": struct.pack("<III", 0x3FF00000, 0xFFC00, 0x3FF),
    "twice": struct.pack("<III", 0xFF, 0xFF, 0xFF00),
    "RGBX": struct.pack("<III", 0xFF, 0xFF00, 0xFF0000),
}
# Seven rows of one run of 19 pixels each; every row but the last ends with an end of line.
RUNS = b"\0\0".join(bytes((WIDTH, row)) for row in range(HEIGHT)) + b"\0\1"


def bmp(
    bits: int,
    header_bytes: int = 40,
    compression: int = 0,
    masks: bytes = b"",
    height: int = HEIGHT,
    width: int = WIDTH,
    colours: int = 0,
    pixels: bytes | None = None,
    start_shift: int = 0,
    pixels_bytes: int | None = None,
) -> bytes:
    if pixels is None:
        pixels = bytes(i % 251 for i in range((width * bits + 31) // 32 * 4 * abs(height)))
    if header_bytes == 12:
        header = struct.pack("<IHHHH", 12, width, height, 1, bits)
    else:
        told = len(pixels) if pixels_bytes is None else pixels_bytes
        header = struct.pack("<IiiHHIIiiII", header_bytes, width, height, 1, bits, compression, told, 0, 0, colours, 0)
    header = (header + masks).ljust(header_bytes, b"\0")
    palette = bytes((colours or 1 << bits) * (3 if header_bytes == 12 else 4)) if bits <= 8 else b""
    start = 14 + len(header) + len(palette)
    return struct.pack("<2sIHHI", b"BM", 0, 0, 0, start + start_shift) + header + palette + pixels
