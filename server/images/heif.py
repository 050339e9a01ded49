"""HEIC and AVIF (ISO 23008-12), with the extra `heif`: their boxes are walked here, and a process of its own decodes them."""

import importlib.util
import math
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np

from server.errors import UndecodableImage
from server.images.bmp import write_bmp
from server.images.decode_cost import HEIF_BYTES, HEIF_PIXEL_S, HEIF_START_S
from server.images.refusal import damaged, require_size, unsupported
from server.types import EncodedImage, ImageFormat

CHILD = Path(__file__).with_name("heif_child.py")
_CHILD_BYTES = 1 << 29
"""What Python and the libraries take of addresses before a picture is read."""
_SLOWER = 4
"""So much slower than estimated a decoder may be, before the kernel ends it."""
_PATIENCE_S = 10
"""Of waiting for a process that others leave no processor."""
_CONTAINERS = {b"meta": 4, b"iprp": 0, b"ipco": 0}
"""The boxes that lead to the sizes, with the bytes before their first box."""
_MAX_BOXES = 4096
_MAX_DEPTH = 3
"""The sizes are in `ipco` in `iprp` in `meta`."""


@cache
def takes_heif() -> bool:
    """Whether the extra is installed: who installs it wants it."""
    return importlib.util.find_spec("pillow_heif") is not None


def inspect_heif(data: bytes, max_pixels: int) -> EncodedImage:
    """Check a HEIC or AVIF that is complete to its last box; raises UnsupportedImage, ImageTooLarge, UndecodableImage.

    The size is that of the largest item, of which the others are tiles, thumbnails or masks. A box `clap` may make the picture smaller.
    """
    sizes = [
        (int.from_bytes(data[start + 4 : start + 8], "big"), int.from_bytes(data[start + 8 : start + 12], "big"), start)
        for kind, start in _boxes(data, 0, len(data), [0])
        if kind == b"ispe"
    ]
    if not sizes:
        raise unsupported("A HEIC or AVIF without a still picture (no box ispe) is not supported")
    width_px, height_px, place = max(sizes, key=lambda size: size[0] * size[1])
    require_size(width_px, height_px, max_pixels, place)
    pixels = width_px * height_px
    decode_s = HEIF_START_S + HEIF_PIXEL_S * pixels
    return EncodedImage(data, ImageFormat.HEIF, width_px, height_px, decode_s=decode_s, decoded_bytes=HEIF_BYTES * pixels)


def _boxes(data: bytes, start: int, end: int, seen: list[int], depth: int = 0) -> Iterator[tuple[bytes, int]]:
    """The kinds and the places of the contents of the boxes in a range, and of those in the containers; raises UndecodableImage."""
    while start < end:
        seen[0] += 1
        if seen[0] > _MAX_BOXES:
            raise damaged(f"More than {_MAX_BOXES} boxes of a HEIC or AVIF", start)
        size, kind, head = int.from_bytes(data[start : start + 4], "big"), data[start + 4 : start + 8], 8
        if size == 1:
            size, head = int.from_bytes(data[start + 8 : start + 16], "big"), 16
        elif size == 0:
            size = end - start
        if size < head or start + size > end:
            raise damaged(f"The box {kind!r} of {size} bytes that does not fit", start)
        if kind in _CONTAINERS:
            if depth == _MAX_DEPTH:
                raise damaged(f"The box {kind!r} inside {depth} others", start)
            yield from _boxes(data, start + head + _CONTAINERS[kind], start + size, seen, depth + 1)
        else:
            yield kind, start + head
        start += size


def decoded_heif(image: EncodedImage) -> EncodedImage:
    """The picture, upright, as a BMP; raises UndecodableImage, also for one that costs more than its header tells."""
    max_bytes = _CHILD_BYTES + image.decoded_bytes + len(image.data)
    max_s = math.ceil(_SLOWER * image.decode_s)
    try:
        done = subprocess.run(  # noqa: S603 - a program of ours
            (sys.executable, "-I", str(CHILD), str(max_bytes), str(max_s)),
            input=image.data, capture_output=True, check=False, timeout=_PATIENCE_S + max_s,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise _undecodable(image, "it takes too long") from error
    if done.returncode:
        raise _undecodable(image, done.stderr.decode(errors="replace").strip().rpartition("\n")[2] or "it takes too much")
    across, down = (int.from_bytes(done.stdout[place : place + 4], "little") for place in (0, 4))
    if not _fits(across, down, image):
        raise _undecodable(image, f"it has {across}x{down} pixels")
    pixels = np.frombuffer(done.stdout, np.uint8, offset=8).reshape(down, across, 3)
    return EncodedImage(write_bmp(across, down, lambda into: np.copyto(into, pixels)), ImageFormat.BMP, across, down)


def _fits(across: int, down: int, image: EncodedImage) -> bool:
    """Whether a decoded size is what the header tells, turned or not; `clap` cuts off what an encoder added, as to an odd side."""
    decoded, told = sorted((across, down)), sorted((image.width_px, image.height_px))
    if decoded == told:
        return True
    is_cut = any(kind == b"clap" for kind, _ in _boxes(image.data, 0, len(image.data), [0]))
    return is_cut and decoded[0] <= told[0] and decoded[1] <= told[1]


def _undecodable(image: EncodedImage, why: str) -> UndecodableImage:
    what = f"The HEIC or AVIF of {len(image.data)} bytes and {image.width_px}x{image.height_px} pixels cannot be decoded: {why}."
    return UndecodableImage(what, "It is damaged, or its header is wrong: send the original file.")
