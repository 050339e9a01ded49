"""From an image's bytes to the network's input, with the decoder and the resizing of the server (OpenCV).

MindSpore's own operators give the same pixels for ordinary images. But they ignore EXIF orientation, do not read WebP, differ on
CMYK, and draw random numbers per worker, so that a resumed run would get other images than an uninterrupted one.
"""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

IMAGENET_MEAN = (123.675, 116.28, 103.53)
IMAGENET_STD = (58.395, 57.12, 57.375)
CROP_ATTEMPTS = 10

_MEAN = np.array(IMAGENET_MEAN, np.float32)
_STD = np.array(IMAGENET_STD, np.float32)

Pixels = np.ndarray
Size = tuple[int, int]  # height, width


@dataclass(frozen=True)
class Augmentation:
    """The augmentation of training pictures; the defaults are the original project's."""

    crop_scale: tuple[float, float] = (0.08, 1.0)
    crop_ratio: tuple[float, float] = (3 / 4, 4 / 3)
    flip_prob: float = 0.5
    color_jitter: float = 0.4


def decode(content: bytes | Pixels) -> Pixels | None:
    """RGB pixels, uint8 [H, W, 3], in EXIF orientation; None if the image cannot be decoded."""
    raw = np.frombuffer(content, np.uint8)
    if not len(raw):
        return None
    try:
        pixels = cv2.imdecode(raw, cv2.IMREAD_COLOR)
    except cv2.error:  # the header gives more pixels than OpenCV allows
        return None
    return None if pixels is None else pixels[:, :, ::-1]


def read_image(path: Path) -> tuple[Pixels | None, str]:
    """RGB pixels, or None and the reason."""
    try:
        content = np.fromfile(path, np.uint8)
    except OSError as error:
        return None, f"cannot be read: {error.strerror or error}"
    return (pixels, "") if (pixels := decode(content)) is not None else (None, "is not an image, or is damaged")


def evaluation_pixels(pixels: Pixels, resize: Size, crop: Size) -> Pixels:
    """Stretch (linear) and centre-crop, uint8: the picture of a manifest's `stretch` recipe."""
    stretched = cv2.resize(pixels, resize[::-1], interpolation=cv2.INTER_LINEAR)
    top, left = (resize[0] - crop[0]) // 2, (resize[1] - crop[1]) // 2
    return stretched[top : top + crop[0], left : left + crop[1]]


def training_pixels(pixels: Pixels, size: Size, augmentation: Augmentation, random: np.random.Generator) -> Pixels:
    """A random crop of the picture: resized, perhaps mirrored, with changed colours; uint8 [*size, 3]."""
    top, left, height, width = random_crop(pixels.shape[:2], augmentation, random)
    crop = cv2.resize(pixels[top : top + height, left : left + width], size[::-1], interpolation=cv2.INTER_LINEAR)
    if random.random() < augmentation.flip_prob:
        crop = crop[:, ::-1]
    if augmentation.color_jitter > 0:
        crop = vary_colours(crop, *random.uniform(1 - augmentation.color_jitter, 1 + augmentation.color_jitter, 3))
    return crop


def random_crop(shape: tuple[int, ...], augmentation: Augmentation, random: np.random.Generator) -> tuple[int, int, int, int]:
    """(top, left, height, width) of a part whose area is within `crop_scale` and whose shape is within `crop_ratio`.

    The rule of Inception: ten attempts, then the largest centred part whose shape is within the ratios.
    """
    height, width = shape[:2]
    lowest, highest = augmentation.crop_ratio
    for _ in range(CROP_ATTEMPTS):
        area = height * width * random.uniform(*augmentation.crop_scale)
        ratio = np.exp(random.uniform(np.log(lowest), np.log(highest)))
        crop_width, crop_height = round(np.sqrt(area * ratio)), round(np.sqrt(area / ratio))
        if 0 < crop_width <= width and 0 < crop_height <= height:
            top, left = random.integers(height - crop_height, endpoint=True), random.integers(width - crop_width, endpoint=True)
            return int(top), int(left), crop_height, crop_width
    crop_width = max(1, min(width, round(height * highest)))
    crop_height = max(1, min(height, round(width / lowest)))
    return (height - crop_height) // 2, (width - crop_width) // 2, crop_height, crop_width


def vary_colours(pixels: Pixels, brightness: float, contrast: float, saturation: float) -> Pixels:
    """Apply the factors in this order; round and clip to 0-255, like MindSpore's RandomColorAdjust and Pillow's ImageEnhance."""
    pixels = cv2.convertScaleAbs(pixels, alpha=brightness)
    mean = float(np.floor(_grey(pixels).mean() + 0.5))
    pixels = _blend(pixels, np.full_like(pixels, mean), contrast)
    return _blend(pixels, np.repeat(_grey(pixels)[:, :, None], 3, axis=2), saturation)


def _grey(pixels: Pixels) -> Pixels:
    return cv2.cvtColor(np.ascontiguousarray(pixels), cv2.COLOR_RGB2GRAY)


def _blend(pixels: Pixels, dull: Pixels, factor: float) -> Pixels:
    return cv2.addWeighted(pixels, factor, dull, 1 - factor, 0)


def normalise(pixels: Pixels) -> Pixels:
    """(x - mean) / std, float32 [3, H, W], with the rounding of the served model."""
    return np.ascontiguousarray(((pixels.astype(np.float32) - _MEAN) / _STD).transpose(2, 0, 1))
