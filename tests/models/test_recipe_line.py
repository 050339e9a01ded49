"""A recipe as one line."""

import pytest

from models.recipe_line import recipe_line
from models.store import zoo_manifest


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        (
            {"std": (58, 57, 57)},
            "stretch to 256x256, centre crop 224x224, RGB, pixels 0-255 minus (123.675, 116.28, 103.53), divided by (58, 57, 57)",
        ),
        (
            {"resize": "short_side", "colour_order": "BGR", "mean": (0, 0, 0), "std": (1, 1, 1)},
            "short side to 256, centre crop 224x224, BGR, pixels 0-255 minus (0, 0, 0), divided by (1, 1, 1)",
        ),
        (
            {"crop_width_px": None, "crop_height_px": None, "resize_height_px": 192, "mean": (127, 127, 127), "std": (128, 128, 128)},
            "stretch to 256x192, RGB, pixels 0-255 minus (127, 127, 127), divided by (128, 128, 128)",
        ),
    ],
)
def test_a_recipe_is_one_line(changes: dict[str, object], line: str) -> None:
    assert recipe_line(zoo_manifest("resnext101_32x4d").recipe.model_copy(update=changes)) == line
