"""Which part is covered, with what, and that the rest stays."""

import cv2
import numpy as np
import pytest

from server.images.inspection import inspect_image
from server.images.occlusion import LEAST_GRID, MOST_GRID, Occlusion, Patch, patch_of

PIXELS = np.random.default_rng(7).integers(0, 256, (70, 105, 3), np.uint8)


@pytest.mark.parametrize("grid", range(LEAST_GRID, MOST_GRID + 1))
@pytest.mark.parametrize("side_px", [1, 3, 13, 512])
def test_the_patches_cover_the_picture_and_each_its_cell(grid: int, side_px: int) -> None:
    patches = [patch_of(row, row, grid, side_px, 2 * side_px) for row in range(grid)]
    assert {px for each in patches for px in range(each.left, each.right)} == set(range(side_px))
    for row, each in enumerate(patches):
        assert each.left <= row * side_px / grid
        assert each.right >= (row + 1) * side_px / grid
        assert 0 <= each.top < each.bottom <= 2 * side_px


def test_a_patch_is_larger_than_its_cell_by_a_quarter_on_each_side() -> None:
    assert patch_of(1, 2, 4, 400, 200) == Patch(175, 37, 325, 113)
    assert patch_of(0, 3, 4, 400, 200) == Patch(275, 0, 400, 63)


def test_the_patch_has_the_mean_colour_and_the_rest_is_exact() -> None:
    image = Occlusion(PIXELS).covered(0, 6, 7)
    assert inspect_image(image.data, 10_000) == image
    seen = cv2.imdecode(np.frombuffer(image.data, np.uint8), cv2.IMREAD_COLOR)
    assert seen is not None
    assert (seen[:13, 86:] == np.rint(PIXELS.mean((0, 1)))).all()
    seen[:13, 86:] = PIXELS[:13, 86:]
    assert np.array_equal(seen, PIXELS)


def test_the_whole_picture_is_exact() -> None:
    seen = cv2.imdecode(np.frombuffer(Occlusion(PIXELS).whole().data, np.uint8), cv2.IMREAD_COLOR)
    assert seen is not None
    assert np.array_equal(seen, PIXELS)
