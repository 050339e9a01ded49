import json
from pathlib import Path

import pytest

from convert.conversion_errors import ConvertError
from convert.preprocessing.recipe_choice import NOTHING_SAID, RecipeWishes, choose_recipe, usual_recipe
from convert.preprocessing.said_recipe import Normalisation, Resize, SaidRecipe

NUMBERS = Normalisation((1, 2, 3), (4, 5, 6))
WHOLE = SaidRecipe(Resize("stretch", (64, 64)), None, "BGR", NUMBERS, sources=("the options",))
PUBLISHED = "1a0047aa" + "0" * 56
CFG = {"input_size": [3, 64, 64], "crop_pct": 1, "mean": [0.5], "std": [0.5], "num_classes": 1000, "interpolation": "bicubic"}


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    (tmp_path / "config.json").write_text(json.dumps({"pretrained_cfg": CFG}))
    return tmp_path / "model.safetensors"


def test_the_options_go_first(weights: Path) -> None:
    assert choose_recipe(RecipeWishes(WHOLE), weights, PUBLISHED, None) == WHOLE


def test_a_name_or_a_file_goes_before_what_lies_there(weights: Path, tmp_path: Path) -> None:
    named = choose_recipe(RecipeWishes(transform="timm"), weights, "", (32, 32))
    assert (named.name, named.crop_px) == ("timm", (32, 32))
    (tmp_path / "other.toml").write_text('colour_order = "BGR"')
    assert choose_recipe(RecipeWishes(file=tmp_path / "other.toml"), weights, "", None) == SaidRecipe(
        colour_order="BGR", sources=("other.toml",)
    )
    with pytest.raises(ConvertError, match=r"Both --recipe .* and --transform timm"):
        choose_recipe(RecipeWishes(file=tmp_path / "other.toml", transform="timm"), weights, "", None)


def test_a_file_beside_the_weights_speaks_of_its_classes(weights: Path, tmp_path: Path) -> None:
    """Only where it is found: who names it says that it fits."""
    found = choose_recipe(RecipeWishes(), weights, PUBLISHED, None)
    assert (found.sources, found.classes, found.crop_px) == (("config.json",), 1000, (64, 64))
    assert choose_recipe(RecipeWishes(file=tmp_path / "config.json"), weights, "", None).classes is None


def test_published_weights_are_known_by_their_sha256(tmp_path: Path) -> None:
    found = choose_recipe(RecipeWishes(), tmp_path / "renamed.pth", PUBLISHED, None)
    assert (found.resize, found.sources) == (Resize("short_side", (232, 232)), ("torchvision's torchvision-v2, by the sha256",))
    assert choose_recipe(RecipeWishes(), tmp_path / "mine.pth", "0" * 64, None) == NOTHING_SAID


def test_the_usual_recipe() -> None:
    assert usual_recipe("efficientnet_lite2", mindspore=False, network_px=(260, 260)).normalisation == Normalisation((127,) * 3, (128,) * 3)
    assert usual_recipe("resnet50", mindspore=True, network_px=(224, 224)).name == "training"
    assert usual_recipe("resnet50", mindspore=False, network_px=(224, 224)).name == "torchvision-v1"
    assert usual_recipe("resnet50", mindspore=False, network_px=(224, 192)).resize == Resize("stretch", (224, 192))
