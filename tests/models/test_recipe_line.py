"""A recipe as one line."""

import pytest

from models.manifest import Transform
from models.recipe_line import geometry_words, number_words, recipe_line, size_words
from models.store import zoo_manifest

RECIPE = zoo_manifest("resnext101_32x4d").recipe


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"std": (58, 57, 57)}, "stretch to 256x256 linear, centre crop 224, RGB, mean 123.675,116.28,103.53, std 58,57,57"),
        (
            {"resize": "short_side", "colour_order": "BGR", "mean": (0, 0, 0), "std": (1, 1, 1)},
            "short side 256 linear, centre crop 224, BGR, mean 0, std 1",
        ),
        (
            {"crop_width_px": None, "crop_height_px": None, "resize_height_px": 192, "mean": (127, 127, 127), "std": (128, 128, 128)},
            "stretch to 256x192 linear, RGB, mean 127, std 128",
        ),
    ],
)
def test_a_recipe_is_one_line(changes: dict[str, object], line: str) -> None:
    assert recipe_line(RECIPE.model_copy(update=changes)) == line


def test_a_transform_that_the_recipe_comes_near_to() -> None:
    def words(interpolation: str) -> str:
        transform = Transform.model_validate({"name": "x", "resize_px": 256, "crop_px": 224, "interpolation": interpolation})
        return geometry_words(RECIPE, transform)

    assert words("linear") == geometry_words(RECIPE) == "stretch to 256x256 linear, centre crop 224"
    assert words("bicubic") == "stretch to 256x256 bicubic (Pillow's; the engines come near to it with linear), centre crop 224"
    assert words("area") == "stretch to 256x256 area (OpenCV's; the engines come near to it with linear), centre crop 224"
    assert ", GREY, mean" in recipe_line(RECIPE, None, "GREY")


def test_words_as_options_take_them() -> None:
    assert (number_words((127.5,) * 3), number_words((123.675, 116.28, 103.53))) == ("127.5", "123.675,116.28,103.53")
    assert (size_words((224, 224)), size_words((224, 192))) == ("224", "224x192")
