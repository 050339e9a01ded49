"""Intact pictures of every format and as many kinds as can be made: what mutations start from, and what must be answered."""

import io
import struct
import zlib
from functools import partial
from typing import Any

import cv2
import numpy as np
from PIL import Image

from pipelines.cpu.elements.frame import Pixels
from server.images.exif import write_orientation
from tests.server.images.bmp_made import MASKS, RUNS, bmp

WIDTH_PX, HEIGHT_PX = 90, 62
ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))  # x, y, steps in x and y


def scene(width_px: int = WIDTH_PX, height_px: int = HEIGHT_PX) -> Pixels:
    """An RGB picture with slopes, edges and grain."""
    x, y = np.meshgrid(np.arange(width_px), np.arange(height_px))
    grain = np.random.default_rng(4).integers(0, 40, (height_px, width_px))
    planes = (x * 2 + grain, 200 - y * 2, np.where((x - 40) ** 2 + (y - 30) ** 2 < 400, 230, 60) - grain)
    return np.stack(planes, axis=-1).clip(0, 255).astype(np.uint8)


def pillow(kind: str, mode: str = "RGB", **options: Any) -> bytes:
    """The scene, converted and written by Pillow; with alpha from clear to opaque where the mode has it."""
    written = io.BytesIO()
    picture = Image.fromarray(scene()).convert(mode)
    if "bits" in options:
        picture = picture.quantize(2 ** options["bits"])
    if mode.endswith("A"):
        picture.putalpha(Image.linear_gradient("L").resize(picture.size))
    picture.save(written, kind, **options)
    return written.getvalue()


def png_chunk(kind: bytes, content: bytes) -> bytes:
    """A chunk with its CRC."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def interlaced_png(pixels: Pixels) -> bytes:
    """An RGB picture as Adam7 PNG, which neither Pillow nor OpenCV writes."""
    passes = [pixels[y::dy, x::dx] for x, y, dx, dy in ADAM7]
    rows = b"".join(b"\0" + row.tobytes() for one in passes if one.size for row in one)
    header = struct.pack(">IIBBBBB", pixels.shape[1], pixels.shape[0], 8, 2, 0, 0, 1)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(*chunk) for chunk in chunks)


def cv_png(pixels: np.ndarray) -> bytes:
    """A PNG as OpenCV writes it."""
    return cv2.imencode(".png", pixels)[1].tobytes()


EXIF = b"Exif\0\0" + write_orientation(6)
_jpeg, _png, _webp = partial(pillow, "JPEG"), partial(pillow, "PNG"), partial(pillow, "WEBP")
_deep = scene().astype(np.uint16) * 257

SEEDS: dict[str, bytes] = {
    **{f"jpeg, chroma {name}": _jpeg(subsampling=number, quality=90) for number, name in enumerate(("444", "422", "420"))},
    **{f"jpeg, quality {quality}": _jpeg(quality=quality) for quality in (1, 30, 60, 100)},
    "jpeg, grey": _jpeg("L"),
    "jpeg, CMYK": _jpeg("CMYK"),
    "jpeg, CMYK progressive": _jpeg("CMYK", progressive=True),
    "jpeg, progressive": _jpeg(progressive=True),
    "jpeg, progressive grey": _jpeg("L", progressive=True),
    "jpeg, progressive restarts": _jpeg(progressive=True, restart_marker_rows=1),
    "jpeg, optimized": _jpeg(optimize=True, quality=80),
    "jpeg, restarts": _jpeg(restart_marker_blocks=3),
    "jpeg, EXIF, ICC, comment": _jpeg(exif=EXIF, icc_profile=bytes(range(256)) * 3, comment=b"a comment"),
    "png": _png(),
    "png, alpha": _png("RGBA"),
    "png, grey": _png("L"),
    "png, grey and alpha": _png("LA"),
    "png, palette": _png("P"),
    "png, 1 bit": _png("1"),
    "png, 2 bits": _png("P", bits=2),
    "png, 16 bits grey": cv_png(_deep[..., 0]),
    "png, 16 bits": cv_png(_deep),
    "png, interlaced": interlaced_png(scene()),
    "png, EXIF": _png(exif=EXIF),
    "png, stored": _png(compress_level=0),
    "webp, lossy": _webp(quality=70),
    "webp, lossless": _webp(lossless=True),
    "webp, alpha": _webp("RGBA", quality=70),
    "webp, lossless alpha": _webp("RGBA", lossless=True),
    "webp, EXIF": _webp(exif=EXIF),
    "bmp": pillow("BMP"),
    "bmp, grey": pillow("BMP", "L"),
    "bmp, palette": pillow("BMP", "P"),
    "bmp, 1 bit": pillow("BMP", "1"),
    **{f"bmp, {bits} bits": bmp(bits) for bits in (4, 16, 32)},
    "bmp, top-down": bmp(24, height=-7),
    "bmp, OS/2": bmp(24, 12),
    "bmp, V5": bmp(24, 124),
    "bmp, masks 565": bmp(16, 40, 3, MASKS["565"]),
    "bmp, masks BGRX": bmp(32, 56, 3, MASKS["BGRX"]),
    "bmp, run lengths, 8 bits": bmp(8, compression=1, pixels=RUNS),
    "bmp, run lengths, 4 bits": bmp(4, compression=2, pixels=RUNS),
}
