"""BMP: checks the headers, the palette, and that all pixels are there; writes a plain one."""

import struct
from collections.abc import Callable
from io import BytesIO
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from server.images.decode_cost import BMP_PIXEL_S, PEAK_BYTES
from server.images.refusal import damaged, require_bytes, require_size, unsupported
from server.types import EncodedImage, ImageFormat

_FILE_HEADER_BYTES = 14
_CORE_BYTES, _INFO_BYTES = 12, 40
_HEADERS_BYTES = {_CORE_BYTES, _INFO_BYTES, 52, 56, 64, 108, 124}  # OS/2 1, Windows 3, its extensions, OS/2 2, V4, V5
_RGB, _RLE8, _RLE4, _BITFIELDS, _ALPHA_BITFIELDS = 0, 1, 2, 3, 6
_BITS = {_RGB: {1, 4, 8, 16, 24, 32}, _RLE8: {8}, _RLE4: {4}, _BITFIELDS: {16, 24, 32}}
_MASKS_BYTES = 12
# Red, green and blue masks. OpenCV reads 16-bit masks only after a Windows 3 header, and reads 32 bits as B, G, R, X
# for any masks (some versions use them, after some headers). Where it would not read them, the headers are written anew.
_MASKS_16 = {(0xF800, 0x7E0, 0x1F), (0x7C00, 0x3E0, 0x1F)}
_MASKS_BGR = (0xFF0000, 0xFF00, 0xFF)
_BYTE_MASKS = (0xFF, 0xFF00, 0xFF0000, 0xFF000000)
_END_OF_BITMAP = b"\0\1"
_STEP_BYTES = 1024 * 1024


class _Header(NamedTuple):
    size_bytes: int
    width_px: int
    height_px: int
    bits: int
    compression: int = _RGB
    pixels_bytes: int = 0
    colours: int = 0
    masks: tuple[int, int, int] | None = None
    alpha_bytes: int = 0


def inspect_bmp(data: bytes, max_pixels: int) -> EncodedImage:
    """Check that a BMP has all its pixels; raises UnsupportedImage, ImageTooLarge, UndecodableImage.

    The file size in the header is ignored: many writers get it wrong, and decoders ignore it too.
    """
    header = _read_header(data)
    if header.compression == _ALPHA_BITFIELDS:  # with a fourth mask, of alpha, which is dropped
        header = header._replace(compression=_BITFIELDS, alpha_bytes=4)
    if header.bits not in _BITS.get(header.compression, ()) or (header.size_bytes == _CORE_BYTES and header.bits in {16, 32}):
        raise unsupported(f"A BMP with {header.bits} bits a pixel and compression {header.compression} is not supported")
    height_px = abs(header.height_px)  # a negative height means that the top row comes first
    require_size(header.width_px, height_px, max_pixels, 18)
    start = int.from_bytes(data[10:14], "little")
    if start < _tables_end(data, header):
        raise damaged(f"BMP pixels that would start at byte {start}, inside the headers, as told", 10)
    if header.compression in {_RLE8, _RLE4}:
        end = _run_lengths_end(data, header, start)
    else:
        row_bytes = (header.width_px * header.bits + 31) // 32 * 4
        end = start + row_bytes * height_px
        require_bytes(data, start, end, "The pixels of the BMP")
    pixels = header.width_px * height_px
    readable = _readable(data, header, start, end)
    return EncodedImage(
        readable, ImageFormat.BMP, header.width_px, height_px, decode_s=BMP_PIXEL_S * pixels, decoded_bytes=PEAK_BYTES * pixels
    )


def _readable(data: bytes, header: _Header, start: int, end: int) -> bytes:
    """The BMP in a form that every OpenCV reads: masks behind a Windows 3 header, and bytes in the order B, G, R."""
    masks = header.masks
    is_read = (header.bits == 32 and masks == _MASKS_BGR) or (header.bits == 16 and header.size_bytes == _INFO_BYTES)
    if not masks or (is_read and not header.alpha_bytes):
        return data[:end]
    pixels: bytes | memoryview = memoryview(data)[start:end]
    if header.bits == 32:
        stored = np.frombuffer(pixels, np.uint8).reshape(-1, 4)
        swapped = np.zeros_like(stored)
        for place, mask in enumerate(reversed(masks)):
            swapped[:, place] = stored[:, _BYTE_MASKS.index(mask)]
        pixels = swapped.data
    kept = struct.pack("<III", *masks) if header.bits == 16 else b""
    at = _FILE_HEADER_BYTES + _INFO_BYTES + len(kept)
    compression = _BITFIELDS if kept else _RGB
    return b"".join((_plain_header(header.width_px, header.height_px, header.bits, compression, at, end - start), kept, pixels))


def _plain_header(width_px: int, height_px: int, bits: int, compression: int, start: int, pixels_bytes: int) -> bytes:
    """The file header and a Windows 3 header."""
    file_header = struct.pack("<2sIHHI", b"BM", start + pixels_bytes, 0, 0, start)
    return file_header + struct.pack("<IiiHHIIiiII", _INFO_BYTES, width_px, height_px, 1, bits, compression, pixels_bytes, 0, 0, 0, 0)


def write_bmp(width_px: int, height_px: int, draw: Callable[[NDArray[np.uint8]], object]) -> bytes:
    """A BMP of 24 bits, top row first. `draw` writes the pixels into an array of (height, width, 3) in BGR.

    Of all formats it takes least to write and to read: nothing is compressed or summed up.
    """
    row_bytes = (24 * width_px + 31) // 32 * 4
    rows = np.zeros((height_px, row_bytes), np.uint8)
    draw(rows[:, : 3 * width_px].reshape(height_px, width_px, 3))
    header = _plain_header(width_px, -height_px, 24, _RGB, _FILE_HEADER_BYTES + _INFO_BYTES, rows.nbytes)
    stored, step = BytesIO(), max(1, _STEP_BYTES // row_bytes)
    stored.write(header)
    for row in range(0, height_px, step):  # in steps, since each one holds the interpreter
        stored.write(rows[row : row + step].data)
    return stored.getvalue()


def _read_header(data: bytes) -> _Header:
    require_bytes(data, 0, _FILE_HEADER_BYTES + 4, "The BMP file header")
    size_bytes = int.from_bytes(data[14:18], "little")
    if size_bytes not in _HEADERS_BYTES:
        raise unsupported(f"The bytes start like a BMP, but no BMP header has {size_bytes} bytes (byte 14)")
    require_bytes(data, _FILE_HEADER_BYTES, _FILE_HEADER_BYTES + size_bytes, "The BMP header")
    if size_bytes == _CORE_BYTES:
        width_px, height_px, _, bits = struct.unpack_from("<HHHH", data, 18)
        return _Header(size_bytes, width_px, height_px, bits)
    width_px, height_px, _, bits, compression, pixels_bytes, colours = struct.unpack_from("<iiHHII8xI", data, 18)
    masks_at = _FILE_HEADER_BYTES + _INFO_BYTES  # after the header; a header of 52 bytes or more includes them
    masks: tuple[int, int, int] | None = None
    if compression in {_BITFIELDS, _ALPHA_BITFIELDS}:
        require_bytes(data, masks_at, masks_at + _MASKS_BYTES, "The colour masks of the BMP")
        masks = struct.unpack_from("<III", data, masks_at)
    return _Header(size_bytes, width_px, height_px, bits, compression, pixels_bytes, colours, masks)


def _tables_end(data: bytes, header: _Header) -> int:
    """The end of headers, masks and palette; raises UnsupportedImage for unsupported masks."""
    end = _FILE_HEADER_BYTES + header.size_bytes
    if masks := header.masks:
        end = max(end, _FILE_HEADER_BYTES + _INFO_BYTES + _MASKS_BYTES + header.alpha_bytes)
        bytes_each = header.bits == 32 and len(set(masks)) == 3 and set(masks) <= set(_BYTE_MASKS)
        if not (bytes_each or (header.bits == 16 and masks in _MASKS_16) or (header.bits == 24 and masks == _MASKS_BGR)):
            names = ", ".join(f"{mask:X}" for mask in masks)
            raise unsupported(f"A BMP with {header.bits} bits a pixel and the colour masks {names} is not supported")
    if header.bits <= 8:
        if header.colours > 256:
            raise damaged(f"A BMP palette of {header.colours} colours", 46)
        colour_bytes = 3 if header.size_bytes == _CORE_BYTES else 4
        end += colour_bytes * (header.colours or 1 << header.bits)
    require_bytes(data, _FILE_HEADER_BYTES, end, "The headers and the palette of the BMP")
    return end


def _run_lengths_end(data: bytes, header: _Header, start: int) -> int:
    """The end of run-length coded pixels, which must close with an end of bitmap; zeros behind it fill them up.

    The header gives their length. Where it says 0, they are all that follows.
    """
    end = start + header.pixels_bytes if header.pixels_bytes else len(data)
    require_bytes(data, start, end, "The run-length coded pixels of the BMP")
    if header.height_px < 0 or not data[start:end].rstrip(b"\0").endswith(_END_OF_BITMAP):
        raise damaged("Run-length coded BMP pixels without their end", end)
    return end
