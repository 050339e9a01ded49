from pathlib import Path
from typing import Any

import pytest

from convert.conversion_errors import ConvertError
from convert.preprocessing.recipe_choice import RecipeWishes
from convert.preprocessing.said_recipe import Normalisation, Resize, SaidRecipe
from server.cli.convert.recipe_options import check_files, recipe_wishes

NOTHING: dict[str, Any] = dict.fromkeys(
    ("mean", "std", "scale", "colour_order", "resize", "crop", "layout", "interpolation", "recipe", "transform")
)


def test_nothing_is_said() -> None:
    assert recipe_wishes(**NOTHING) == RecipeWishes()


def test_all_is_said() -> None:
    words = {
        "mean": "0.485,0.456,0.406",
        "std": "0.229,0.224,0.225",
        "scale": "1/255",
        "colour_order": "BGR",
        "resize": "short:256",
        "crop": "224",
        "layout": "NHWC",
        "interpolation": "area",
        "recipe": Path("recipe.toml"),
    }
    numbers = Normalisation((123.675, 116.28, 103.53), (58.395, 57.12, 57.375))
    said = SaidRecipe(Resize("short_side", (256, 256)), (224, 224), "BGR", numbers, "area", "NHWC", ("the options",))
    assert recipe_wishes(**{**NOTHING, **words}) == RecipeWishes(said, Path("recipe.toml"))


def test_an_interpolation_that_is_not_known() -> None:
    with pytest.raises(ConvertError, match=r"--interpolation cannot be 'sinc'.*It is one of linear, area, cubic"):
        recipe_wishes(**{**NOTHING, "interpolation": "sinc"})


def test_files_that_are_none(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    check_files({"--labels": [None], "--expect": [tmp_path / "a"]})
    with pytest.raises(ConvertError, match=r"^--recipe .*/b: there is no such file\. Correct the path\.$"):
        check_files({"--labels": [tmp_path / "a"], "--recipe": [tmp_path / "b"]})
    with pytest.raises(ConvertError, match=r"^--labels .* is a folder"):
        check_files({"--labels": [tmp_path]})
