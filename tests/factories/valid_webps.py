"""WebPs that are odd but valid: lossy and lossless, with alpha, of every size of chunk, and with chunks of all kinds."""

import io
import struct
from itertools import product
from typing import Any

import numpy as np
from PIL import Image

from pipelines.cpu.elements.frame import Pixels
from server.images.exif import write_orientation
from tests.factories.small_scene import OBLONG, SCENE, written

QUALITIES = (0, 1, 10, 30, 50, 75, 90, 100)
SIZES = ((1, 1), (1, 2), (2, 1), (3, 5), (15, 17), (16, 16), (17, 15), (33, 1), (1, 33))
ALPHA_FLAG, EXIF_FLAG, XMP_FLAG, PROFILE_FLAG = 0x10, 0x08, 0x04, 0x20


def webp(pixels: Pixels = SCENE, mode: str = "RGB", **options: Any) -> bytes:
    """As Pillow writes it."""
    return written(pixels, "WEBP", mode, **options)


def chunk(name: bytes, content: bytes) -> bytes:
    """A chunk, filled up to two bytes."""
    return struct.pack("<4sI", name, len(content)) + content + bytes(len(content) % 2)


def container(*chunks: bytes) -> bytes:
    """A file of these."""
    whole = b"WEBP" + b"".join(chunks)
    return struct.pack("<4sI", b"RIFF", len(whole)) + whole


def extended(flags: int, frame: bytes, *behind: bytes, before: bytes = b"", pixels: Pixels = SCENE) -> bytes:
    """A file with VP8X and a frame between other chunks."""
    height, width = pixels.shape[:2]
    sides = b"".join((side - 1).to_bytes(3, "little") for side in (width, height))
    return container(chunk(b"VP8X", struct.pack("<I", flags) + sides), before, frame, *behind)


LOSSY, LOSSLESS = webp(quality=80)[12:], webp(lossless=True)[12:]
"""Frames: the chunk of VP8, and that of VP8L."""
_EXIF = chunk(b"EXIF", write_orientation(6))
_LOSSLESS: dict[str, Any] = {"lossless": True}
_KINDS: tuple[tuple[str, str, bytes, dict[str, Any]], ...] = (
    ("lossy", "RGB", b"Exif\0\0", {}),
    ("lossless", "RGB", b"", _LOSSLESS),
    ("alpha", "RGBA", b"", _LOSSLESS),
)
_TURNED = {
    f"orientation {value}, {kind}": webp(OBLONG, mode, exif=preamble + write_orientation(value), **options)
    for value, (kind, mode, preamble, options) in product(range(2, 9), _KINDS)
}
WEBPS_BY_PILLOW = {
    **{f"lossy, quality {quality}": webp(quality=quality) for quality in QUALITIES},
    **{f"lossless, effort {effort}": webp(lossless=True, quality=effort) for effort in (0, 75)},
    **{f"lossy, method {method}": webp(quality=60, method=method) for method in range(7)},
    **{f"alpha, quality {quality}": webp(mode="RGBA", quality=70, alpha_quality=quality) for quality in (0, 50, 100)},
    "lossless alpha": webp(mode="RGBA", lossless=True),
    "lossless grey": webp(mode="L", lossless=True),
    "lossless palette": webp(SCENE // 128 * 128, lossless=True),
    **{
        f"{width}x{height}, {kind}": webp(np.resize(SCENE, (height, width, 3)), **options)
        for (width, height), (kind, _, _, options) in product(SIZES, _KINDS[:2])
    },
    **_TURNED,
    "extended without need": extended(0, LOSSY),
    "extended without need, lossless": extended(0, LOSSLESS),
    "a profile": extended(PROFILE_FLAG, LOSSY, before=chunk(b"ICCP", bytes(301))),
    "a flag of alpha without alpha": extended(ALPHA_FLAG, LOSSY),
    "XMP": extended(XMP_FLAG, LOSSY, chunk(b"XMP ", b"<x:xmpmeta/>")),
    "unknown chunks": extended(0, LOSSY, chunk(b"JUNK", b"abc"), chunk(b"junk", b""), before=chunk(b"ABCD", b"x")),
    "an unknown chunk behind a plain frame": container(LOSSY, chunk(b"JUNK", b"abcd")),
    "an odd chunk at the end": container(LOSSLESS, chunk(b"JUNK", b"abc")),
    "bytes behind its end": container(LOSSY) + bytes(99),
    "bits of scaling": container(LOSSY[:15] + bytes([LOSSY[15] | 0x40]) + LOSSY[16:17] + bytes([LOSSY[17] | 0x80]) + LOSSY[18:]),
    "EXIF of orientation 1": extended(EXIF_FLAG, LOSSY, chunk(b"EXIF", write_orientation(1))),
    "EXIF twice, the first counts": extended(EXIF_FLAG, LOSSY, chunk(b"EXIF", write_orientation(1)), _EXIF),
    "EXIF without its flag": extended(0, LOSSY, _EXIF),
    "EXIF behind a plain frame": container(LOSSY, _EXIF),
    "EXIF that ends early": extended(EXIF_FLAG, LOSSY, chunk(b"EXIF", write_orientation(6)[:9])),
}
"""What Pillow shows so, too."""


def animated(frames: int) -> bytes:
    """An animation."""
    into = io.BytesIO()
    pictures = [Image.fromarray(np.roll(SCENE, 9 * number, axis=1)) for number in range(frames)]
    pictures[0].save(into, "WEBP", save_all=True, append_images=pictures[1:], duration=40)
    return into.getvalue()


WEBPS_REFUSED = {
    "an animation": (animated(3), "unsupported_image", "OpenCV 4 shows nothing of it"),
    "a frame of another size than the canvas": (
        extended(0, LOSSY, pixels=OBLONG),
        "undecodable_image",
        "the format forbids it, and libwebp stops",
    ),
}
"""Each with its code, and the reason."""
