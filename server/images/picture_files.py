"""Which files of a folder are pictures, by their first bytes, and which belong to a system and not to a set."""

import os
import stat
from collections.abc import Callable
from functools import partial
from pathlib import Path

from server.images.foreign_formats import AVIF_BRANDS, HEIF_BRANDS

PICTURE_SUFFIXES = (
    ".jpg", ".jpeg", ".jpe", ".jfif", ".jif", ".png", ".webp", ".bmp", ".dib",
    ".gif", ".tif", ".tiff", ".heic", ".heif", ".avif", ".jxl", ".jp2",
)  # fmt: skip
"""Endings of pictures, also of those that are refused later, with their reason."""

_SIDE_FILES = frozenset(
    ("thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r", "__macosx", "@eadir", "$recycle.bin", "system volume information", "lost+found")
)
_BEGINNINGS = ((0, b"\xff\xd8\xff"), (0, b"\x89PNG"), (8, b"WEBP"), (0, b"GIF8"), (0, b"II*\0"), (0, b"MM\0*"))
_BMP_HEADERS = (12, 40, 52, 56, 64, 108, 124)
_HEAD_BYTES = 32


def is_side_file(name: str) -> bool:
    """Whether a file or folder is hidden, or one that a system or a tool leaves in every folder."""
    return name.startswith(".") or name.casefold() in _SIDE_FILES


def is_picture(name: str, head: Callable[[int], bytes]) -> bool:
    """Whether a file is a picture of any type, by its ending or its first bytes.

    `head` gives its first bytes, at most so many, or raises OSError; such a file is not a picture.
    """
    if name.casefold().endswith(PICTURE_SUFFIXES):
        return True
    try:
        return begins_as_picture(head(_HEAD_BYTES))
    except OSError:
        return False


def is_picture_file(path: Path) -> bool:
    """The same for a path."""
    return is_picture(path.name, partial(_head_of, path))


def _head_of(path: Path, size: int) -> bytes:
    opened = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)  # a pipe would wait for a writer
    try:
        return os.read(opened, size) if stat.S_ISREG(os.fstat(opened).st_mode) else b""
    finally:
        os.close(opened)


def begins_as_picture(head: bytes) -> bool:
    """Whether the first 32 bytes of a file are those of a picture."""
    if head.startswith(b"BM"):  # texts begin with these letters, too
        return int.from_bytes(head[14:18], "little") in _BMP_HEADERS
    if head[4:8] == b"ftyp":
        return head[8:12] in HEIF_BRANDS + AVIF_BRANDS  # other brands are films
    return any(head.startswith(beginning, place) for place, beginning in _BEGINNINGS)
