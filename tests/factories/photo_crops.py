"""Parts of photos, of random places and shapes, as JPEGs. Always the same ones."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

PHOTOS = sorted((Path(__file__).parents[1] / "photos").glob("*.png"))
SHARES = (0.45, 1.0)  # of the photo's sides
QUALITIES = (75, 95)
GRAIN_PX = 100_003
GRAIN = 3.0  # levels: a camera leaves some, and what was enlarged has none


def write_crops(folder: Path, count: int, seed: int, photos: Sequence[Path] = PHOTOS, enlarged_px: Sequence[int] = ()) -> list[Path]:
    """Write so many parts of the photos, by turns; their paths. `enlarged_px` are the shorter sides to enlarge them to, by turns."""
    chance, paths = np.random.default_rng(seed), []
    for number in range(count):
        part = _part(photos[number % len(photos)], chance)
        if enlarged_px:
            part = _enlarged(part, enlarged_px[number // len(photos) % len(enlarged_px)], chance)
        paths.append(folder / f"{number:04}.jpg")
        cv2.imwrite(str(paths[-1]), part, (cv2.IMWRITE_JPEG_QUALITY, int(chance.integers(*QUALITIES))))
    return paths


def _part(photo: Path, chance: np.random.Generator) -> np.ndarray:
    pixels = cv2.imread(str(photo))
    assert pixels is not None
    height, width = (int(side * chance.uniform(*SHARES)) for side in pixels.shape[:2])
    top, left = (int(chance.integers(0, room, endpoint=True)) for room in (pixels.shape[0] - height, pixels.shape[1] - width))
    return pixels[top : top + height, left : left + width, :][:, :: -1 if chance.random() < 0.5 else 1]


def _enlarged(part: np.ndarray, side_px: int, chance: np.random.Generator) -> np.ndarray:
    scale = side_px / min(part.shape[:2])
    large = cv2.resize(part, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    grain = np.resize(chance.normal(0, GRAIN, GRAIN_PX), (*large.shape[:2], 1))  # is repeated
    return (large + grain).clip(0, 255).astype(np.uint8)
