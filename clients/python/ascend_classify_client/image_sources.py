"""Images as a caller gives them."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

Image = bytes | Path | str | BinaryIO
"""The bytes of a picture file, its path, or the open file."""


@dataclass(frozen=True)
class Source:
    """An image that can be read at each attempt, and how many bytes that are about."""

    size_bytes: int
    read: Callable[[], bytes]


def source(image: Image) -> Source:
    """An open file is read now, and a path later; raises OSError."""
    again = held(image)
    if isinstance(again, bytes):
        return Source(len(again), lambda: again)
    path = Path(again)
    return Source(path.stat().st_size, path.read_bytes)


def held(image: Image) -> bytes | Path | str:
    """What can be read more than once: an open file is read now."""
    return image if isinstance(image, (bytes, Path, str)) else image.read()
