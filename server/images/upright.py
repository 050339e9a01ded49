"""Decodes images for engines whose decoder cannot: the vendor's OpenCV reads no WebP, and like OpenCV 4 turns neither WebP nor PNG."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import cv2
import numpy as np
from numpy.typing import NDArray

from pipelines.cpu.decoder_warnings import decode_unwarned
from server.errors import UndecodableImage
from server.images.bmp import write_bmp
from server.images.decode_cost import BGR_BYTES, PEAK_BYTES, TURNED_PIXEL_S
from server.types import EncodedImage, ImageFormat

Pixels = NDArray[np.uint8]

# What makes a picture of each EXIF orientation upright, into a given array. OpenCV's turns take a fifth of the time of a NumPy copy.
_UPRIGHT: dict[int, Callable[[Pixels, Pixels], object]] = {
    2: lambda stored, into: cv2.flip(stored, 1, into),
    3: lambda stored, into: cv2.rotate(stored, cv2.ROTATE_180, into),
    4: lambda stored, into: cv2.flip(stored, 0, into),
    5: cv2.transpose,
    6: lambda stored, into: cv2.rotate(stored, cv2.ROTATE_90_CLOCKWISE, into),
    7: lambda stored, into: cv2.flip(cv2.transpose(stored), -1, into),
    8: lambda stored, into: cv2.rotate(stored, cv2.ROTATE_90_COUNTERCLOCKWISE, into),
}
_QUARTER_TURNS = {5, 6, 7, 8}
AS_STORED = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION


def needs_turning(image: EncodedImage) -> bool:
    """Whether a decoder may leave it as it is stored, and `upright` makes another image of it."""
    return image.orientation in _UPRIGHT and image.format is not ImageFormat.JPEG


def needs_recoding(image: EncodedImage, *, turns: bool, webp: bool) -> bool:
    """Whether a decoder cannot show it: one that turns no pictures, or one without WebP."""
    return (needs_turning(image) and not turns) or (image.format is ImageFormat.WEBP and not webp)


def priced_upright(image: EncodedImage, *, turns: bool = False, webp: bool = True) -> EncodedImage:
    """The image, its estimated costs with those of `upright`."""
    if not needs_recoding(image, turns=turns, webp=webp):
        return image
    pixels = image.width_px * image.height_px
    decoded_bytes = max(image.decoded_bytes, (BGR_BYTES + PEAK_BYTES) * pixels)
    return replace(image, decode_s=image.decode_s + TURNED_PIXEL_S * pixels, decoded_bytes=decoded_bytes)


def upright_px(image: EncodedImage) -> tuple[int, int]:
    """(width, height) as it is shown."""
    return (image.height_px, image.width_px) if image.orientation in _QUARTER_TURNS else (image.width_px, image.height_px)


def upright(image: EncodedImage, *, turns: bool = False, webp: bool = True) -> EncodedImage:
    """The image in a form that a decoder shows upright which `turns` pictures or not, and reads `webp` or not; raises UndecodableImage.

    Every OpenCV turns a JPEG by its EXIF. But OpenCV 4 does not turn a WebP, and turns a PNG only if its libpng reads EXIF. The SDK's
    reads no WebP at all. This function turns these and makes a BMP of them, without loss. Three pictures are in memory at the most:
    while the engine decodes the BMP.
    """
    if not needs_recoding(image, turns=turns, webp=webp):
        return image
    across, down = upright_px(image)
    bmp = write_bmp(across, down, lambda into: _UPRIGHT.get(image.orientation, _as_stored)(decode_checked(image), into))
    return EncodedImage(bmp, ImageFormat.BMP, across, down)


def _as_stored(stored: Pixels, into: Pixels) -> None:
    np.copyto(into, stored)


def decode_checked(image: EncodedImage, flags: int = AS_STORED) -> Pixels:
    """The pixels, (height, width, 3) in BGR, as OpenCV's `flags` say; raises UndecodableImage, also if the decoder only warns of damage."""
    try:
        pixels = decode_unwarned(partial(_read, flags), image.data)
    except cv2.error as error:
        raise _undecodable(image) from error
    if pixels is None:
        raise _undecodable(image)
    return pixels


def _read(flags: int, data: bytes) -> Pixels | None:
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    return None if pixels is None else pixels.astype(np.uint8, copy=False)


def _undecodable(image: EncodedImage) -> UndecodableImage:
    what = f"The {image.format.upper()} of {len(image.data)} bytes and {image.width_px}x{image.height_px} pixels cannot be decoded."
    return UndecodableImage(what, "It is damaged inside its coded pixels: send the original file.")
