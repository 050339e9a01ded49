import json
from pathlib import Path

import pytest

from convert.conversion_errors import ConvertError
from convert.preprocessing.known_transforms import IMAGENET_MEAN, IMAGENET_STD
from convert.preprocessing.recipe_choice import NOTHING_SAID, RecipeWishes, choose_recipe, declared_recipe, usual_recipe
from convert.preprocessing.said_recipe import Normalisation, Resize, SaidRecipe
from models.store import zoo_manifest

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


def test_a_file_says_mean_and_deviation_only_if_they_are_in_it(weights: Path, tmp_path: Path) -> None:
    file = tmp_path / "other.toml"
    for words, says in (('colour_order = "BGR"', False), ("mean = 127.5\nstd = 127.5", True)):
        file.write_text(words)
        wishes = RecipeWishes(file=file)
        assert wishes.normalises(choose_recipe(wishes, weights, "", (64, 64))) is says
    found, named = RecipeWishes(), RecipeWishes(transform="timm")
    assert not any(each.normalises(choose_recipe(each, weights, "", (64, 64))) for each in (found, named))
    assert RecipeWishes(WHOLE).normalises(WHOLE)


def test_published_weights_are_known_by_their_sha256(tmp_path: Path) -> None:
    found = choose_recipe(RecipeWishes(), tmp_path / "renamed.pth", PUBLISHED, None)
    assert (found.resize, found.sources) == (Resize("short_side", (232, 232)), ("torchvision's torchvision-v2, by the sha256",))
    assert choose_recipe(RecipeWishes(), tmp_path / "mine.pth", "0" * 64, None) == NOTHING_SAID


def test_a_recipe_that_a_file_says_alone(tmp_path: Path) -> None:
    """By words, by the table of a manifest, or by a file of others."""
    zoo = zoo_manifest("resnext101_32x4d")
    zoo.write(tmp_path / "manifest.toml")
    assert declared_recipe(tmp_path / "manifest.toml").recipe == zoo.recipe
    words = 'resize = "short:72"\ncrop = 64\ncolour_order = "BGR"\nmean = [1, 2, 3]\nstd = 4\n'
    (tmp_path / "recipe.toml").write_text(words)
    found = declared_recipe(tmp_path / "recipe.toml").recipe
    assert (found.resize, found.resize_width_px, found.crop_size_px, found.mean, found.std) == (
        "short_side",
        72,
        (64, 64),
        (1, 2, 3),
        (4, 4, 4),
    )
    (tmp_path / "config.json").write_text(json.dumps(CFG))
    settled = declared_recipe(tmp_path / "config.json")
    assert settled.transform
    assert (settled.transform.interpolation, settled.recipe.mean) == ("bicubic", (127.5,) * 3)


@pytest.mark.parametrize("page", ["convert.md", "models.md"])
def test_the_files_of_the_documentation_are_whole(page: str, tmp_path: Path) -> None:
    text = (Path(__file__).parents[3] / "docs" / page).read_text("utf-8")
    (tmp_path / "recipe.toml").write_text(text.partition("```toml\n")[2].partition("```")[0])
    recipe = declared_recipe(tmp_path / "recipe.toml").recipe
    assert (recipe.mean, recipe.std, recipe.crop_size_px) == (IMAGENET_MEAN, IMAGENET_STD, (224, 224))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("", "it has no resize and no colour order and no normalisation. Say it in a recipe"),
        ('resize = "stretch"\ncolour_order = "RGB"\nscale = 1', "it has no size of the network's pictures"),
        ('resize = "stretch:64"\ncolour_order = "GREY"\nscale = 1', 'the colour order is GREY.*: colour_order = "RGB"$'),
        ('resize = "stretch:64"\ncrop = 96\ncolour_order = "RGB"\nscale = 1', 'the resize makes only 64.*: resize = "stretch:96"$'),
    ],
)
def test_a_file_that_does_not_say_all(tmp_path: Path, words: str, message: str) -> None:
    (tmp_path / "recipe.toml").write_text(words)
    with pytest.raises(ConvertError, match=rf"^recipe\.toml does not tell the recipe: .*{message}"):
        declared_recipe(tmp_path / "recipe.toml")


def test_the_usual_recipe() -> None:
    assert usual_recipe("efficientnet_lite2", mindspore=False, network_px=(260, 260)).normalisation == Normalisation((127,) * 3, (128,) * 3)
    assert usual_recipe("resnet50", mindspore=True, network_px=(224, 224)).name == "training"
    assert usual_recipe("resnet50", mindspore=False, network_px=(224, 224)).name == "torchvision-v1"
    assert usual_recipe("resnet50", mindspore=False, network_px=(224, 192)).resize == Resize("stretch", (224, 192))
