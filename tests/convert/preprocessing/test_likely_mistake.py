"""The mistake that was made is the one that is named."""

from pathlib import Path

import numpy as np
import pytest

from convert.import_checkpoint import Wishes, import_checkpoint
from convert.preprocessing.known_transforms import IMAGENET_MEAN, IMAGENET_STD
from convert.preprocessing.likely_mistake import likely_mistake, transform_of, variants
from convert.preprocessing.recipe_choice import RecipeWishes
from convert.preprocessing.said_recipe import ColourOrder, Normalisation, Resize, SaidRecipe
from models.manifest import Recipe
from models.store import ModelStore, StoredModel
from tests.convert.preprocessing.red_network import flat_png, red_network

RED = flat_png((0, 0, 200))
NONE, TO_1, IMAGENET = Normalisation((0,) * 3, (1,) * 3), Normalisation((0,) * 3, (255,) * 3), Normalisation(IMAGENET_MEAN, IMAGENET_STD)


def fit(logits: np.ndarray) -> float | None:
    return float(logits.max()) if int(logits.argmax()) == 50 else None


def imported(folder: Path, order: ColourOrder, numbers: Normalisation, **network: float) -> StoredModel:
    (folder / "net.onnx").write_bytes(red_network(**network).SerializeToString())  # type: ignore[arg-type]
    said = SaidRecipe(Resize("stretch"), None, order, numbers, sources=("a test",))
    return import_checkpoint(folder / "net.onnx", ModelStore(folder / "store"), Wishes(recipe=RecipeWishes(said)), progress=lambda _: None)


@pytest.mark.parametrize(
    ("order", "numbers", "network", "named"),
    [
        ("BGR", NONE, {}, "the colour order is RGB: --colour-order RGB"),
        ("RGB", NONE, {"std": 255}, "the pixels are 0-1, without mean and std: --mean 0 --std 255"),
        ("RGB", TO_1, {}, "the pixels are 0-255, without mean and std: --scale 1 --mean 0 --std 1"),
        ("RGB", TO_1, {"mean": 127.5, "std": 127.5}, "the pixels are -1 to 1: --mean 127.5 --std 127.5"),
        (
            "BGR",
            TO_1,
            {"mean": 123.675, "std": 58.395},
            "the colour order is RGB and mean and std are those of ImageNet: --colour-order RGB --mean 123.675",
        ),
        (
            "RGB",
            IMAGENET,
            {"mean": 123.675},
            "the mean of ImageNet is taken away, and nothing is divided: --mean 123.675,116.28,103.53 --std 1",
        ),
    ],
)
def test_it_is_named(tmp_path: Path, order: ColourOrder, numbers: Normalisation, network: dict[str, float], named: str) -> None:
    found = likely_mistake(imported(tmp_path, order, numbers, **network), RED, fit)
    assert found.startswith(f"The answer would be the expected one if {named}")


def test_none_is_named_that_does_not_help(tmp_path: Path) -> None:
    assert likely_mistake(imported(tmp_path, "RGB", NONE), RED, lambda _: None) == ""


def test_each_variant_differs() -> None:
    recipe = Recipe(resize_width_px=256, resize_height_px=256, crop_width_px=224, crop_height_px=224, mean=IMAGENET_MEAN, std=IMAGENET_STD)
    found = [each for _, _, each in variants(recipe)]
    assert len({each.sha256 for each in (recipe, *found)}) == len(found) + 1 == 12
    assert all(Recipe.model_validate(each.model_dump()) == each for each in found)
    assert {each.network_size_px for each in found} == {(224, 224)}


def test_no_variant_is_larger_than_what_can_be_served() -> None:
    found = [each for _, _, each in variants(Recipe(resize_width_px=4096, resize_height_px=4096, mean=IMAGENET_MEAN, std=IMAGENET_STD))]
    assert len(found) == 9
    assert {transform_of(each).resize for each in found} == {"stretch"}


def test_the_recipe_as_a_transform() -> None:
    recipe = Recipe(resize_width_px=256, resize_height_px=224, crop_width_px=224, crop_height_px=192, mean=IMAGENET_MEAN, std=IMAGENET_STD)
    found = transform_of(recipe, "area")
    assert (found.resize, found.resize_size_px, found.crop_size_px, found.interpolation) == ("stretch", (256, 224), (224, 192), "area")
