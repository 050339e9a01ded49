"""Held against Pillow itself."""

from time import perf_counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from convert.pillow_resize import Interpolation, pillow_resize

FILTERS: dict[Interpolation, Image.Resampling] = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}
SIDE = st.integers(1, 90)


def picture(seed: int, width: int, height: int, *, extreme: bool = False) -> np.ndarray:
    chance = np.random.default_rng(seed)
    shape = (height, width, 3)
    return (chance.integers(0, 2, shape) * 255 if extreme else chance.integers(0, 256, shape)).astype(np.uint8)


def by_pillow(pixels: np.ndarray, width: int, height: int, interpolation: Interpolation) -> np.ndarray:
    """Rows first, in two calls: left to itself, Pillow 13 begins with the cheaper of the two."""
    rows = Image.fromarray(pixels).resize((width, pixels.shape[0]), FILTERS[interpolation])
    return np.asarray(rows.resize((width, height), FILTERS[interpolation]))


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(FILTERS)), SIDE, SIDE, SIDE, SIDE, st.booleans(), st.integers(0, 99))
def test_equals_pillow(
    interpolation: Interpolation, width: int, height: int, to_width: int, to_height: int, extreme: bool, seed: int
) -> None:
    """Up and down, both at once; black and white pixels drive the cubic's lobes out of range."""
    pixels = picture(seed, width, height, extreme=extreme)
    found = pillow_resize(pixels, to_width, to_height, interpolation)
    np.testing.assert_array_equal(found, by_pillow(pixels, to_width, to_height, interpolation))


@pytest.mark.parametrize("interpolation", sorted(FILTERS))
@pytest.mark.parametrize(("width", "height", "to_width", "to_height"), [(500, 375, 341, 256), (333, 500, 256, 384), (3001, 2003, 348, 232)])
def test_equals_pillow_at_the_sizes_of_photos(interpolation: Interpolation, width: int, height: int, to_width: int, to_height: int) -> None:
    pixels = picture(1, width, height)
    found = pillow_resize(pixels, to_width, to_height, interpolation)
    np.testing.assert_array_equal(found, by_pillow(pixels, to_width, to_height, interpolation))


def test_a_photo_takes_some_milliseconds() -> None:
    pixels = picture(1, 500, 375)

    def elapsed_s() -> float:
        began_s = perf_counter()
        pillow_resize(pixels, 341, 256, "bicubic")
        return perf_counter() - began_s

    assert min(elapsed_s() for _ in range(10)) < 0.1
