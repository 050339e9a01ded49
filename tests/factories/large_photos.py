"""Photos of 12 megapixels, as phones make them, of three coded sizes: real pictures made larger, with grain. Always the same bytes."""

from functools import cache
from pathlib import Path

import cv2
import numpy as np

SIZE_PX = (4000, 3000)
PHOTOS = Path(__file__).parents[1] / "photos"
_GRAIN_PX = 512


def photo_of_1_mb(*, progressive: bool = False) -> bytes:
    """About 1.2 MB."""
    return _photo("coffee.png", 2.9, 80, progressive=progressive)


def photo_of_3_mb(*, progressive: bool = False) -> bytes:
    """About 3 MB."""
    return _photo("coffee.png", 4.6, 90, progressive=progressive)


def photo_of_5_mb(*, progressive: bool = False) -> bytes:
    """About 5 MB."""
    return _photo("coffee.png", 7.3, 93, progressive=progressive)


LARGE_PHOTOS = {"1.2 MB": photo_of_1_mb, "3 MB": photo_of_3_mb, "5 MB": photo_of_5_mb}


@cache
def _enlarged(name: str) -> np.ndarray:
    stored = cv2.imread(str(PHOTOS / name))
    assert stored is not None
    return cv2.resize(stored, SIZE_PX, interpolation=cv2.INTER_CUBIC)


def _photo(name: str, grain: float, quality: int, *, progressive: bool) -> bytes:
    """`grain` is the deviation of the noise in levels, which decides how many bytes the picture takes."""
    noise = np.random.default_rng(12).normal(0, grain, (_GRAIN_PX, _GRAIN_PX, 1))
    width, height = SIZE_PX
    whole = np.tile(noise, (-(-height // _GRAIN_PX), -(-width // _GRAIN_PX), 1))[:height, :width]
    pixels = (_enlarged(name) + whole).clip(0, 255).astype(np.uint8)
    options = (cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_PROGRESSIVE, int(progressive))
    return cv2.imencode(".jpg", pixels, options)[1].tobytes()
