"""Import of weights and exports whose network computes something that they do not show: another network, its own normalisation."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from convert.conversion_errors import ConvertError
from convert.import_checkpoint import Wishes, import_checkpoint
from convert.preprocessing.recipe_choice import RecipeWishes
from convert.preprocessing.said_recipe import Normalisation, SaidRecipe
from models.manifest import ModelManifest
from models.store import ModelStore
from tests.convert.checkpoint_made import trained_weights, write_torch_legacy
from tests.convert.exports.exports_made import Export, step

ARCHITECTURE = "resnext_1-1_4x4d"
SMALL = Wishes(side_px=64)


@pytest.fixture(scope="module")
def weights() -> dict[str, np.ndarray]:
    return trained_weights(ARCHITECTURE, 5)


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    return ModelStore(tmp_path / "store")


def take(path: Path, store: ModelStore, wishes: Wishes) -> ModelManifest:
    return import_checkpoint(path, store, wishes, progress=print).manifest


def test_a_file_that_names_another_network(weights: dict[str, np.ndarray], store: ModelStore, tmp_path: Path) -> None:
    """Also where the recipe is said, and the file is not needed for it."""
    write_torch_legacy(tmp_path / "w.pth", weights)
    (tmp_path / "config.json").write_text('{"architecture": "resnetblur50.bt_in1k"}')
    wishes = replace(SMALL, recipe=RecipeWishes(transform="torchvision-v1"))
    with pytest.raises(ConvertError, match=rf"config\.json names the network 'resnetblur50\.bt_in1k'.*--architecture {ARCHITECTURE}"):
        take(tmp_path / "w.pth", store, wishes)
    assert take(tmp_path / "w.pth", store, replace(wishes, architecture=ARCHITECTURE)).architecture == ARCHITECTURE


IMAGENET = Normalisation((123.675, 116.28, 103.53), (58.395, 57.12, 57.375))


def test_a_checkpoint_that_normalises_its_pixels(weights: dict[str, np.ndarray], store: ModelStore, tmp_path: Path) -> None:
    own = {"normalize.mean": np.array([0.485, 0.456, 0.406], np.float32), "normalize.std": np.array([0.229, 0.224, 0.225], np.float32)}
    path = write_torch_legacy(tmp_path / "w.pth", weights | own)
    wishes = replace(SMALL, recipe=RecipeWishes(transform="stretch"))
    with pytest.raises(
        ConvertError,
        match=r"normalize\.std in w\.pth\).*Say so in the recipe, if its pixels are 0-1 \(if they are 0-255, with --scale 1\): "
        r"--mean 0\.485,0\.456,0\.406 --std 0\.229,0\.224,0\.225 --scale 1/255$",
    ):
        take(path, store, wishes)
    manifest = take(path, store, replace(wishes, recipe=RecipeWishes(SaidRecipe(normalisation=IMAGENET), transform="stretch")))
    assert manifest.recipe.mean == IMAGENET.mean
    assert "stands for normalize.mean, normalize.std" in manifest.description


def test_a_checkpoint_of_mindspore_that_normalises_its_pixels(weights: dict[str, np.ndarray], store: ModelStore, tmp_path: Path) -> None:
    """MindSpore puts the optimiser's state beside the parameters, and some parameters of a network have no layer in front either."""
    named = {name.replace(".weight", ".gamma") if array.ndim == 1 else name: array for name, array in weights.items()}
    own = {"pixel_mean": np.array([0], np.float32), "image_std": np.array([255], np.float32)}
    path = tmp_path / "w.safetensors"
    save_file(named | own | {"learning_rate": np.array([0.1], np.float32)}, path, {"format": "ms"})
    with pytest.raises(ConvertError, match=r"pixel_mean.*Say so in the recipe: --mean 0 --std 255$"):
        take(path, store, replace(SMALL, recipe=RecipeWishes(transform="stretch")))


def test_a_deviation_of_none_is_no_normalisation(weights: dict[str, np.ndarray], store: ModelStore, tmp_path: Path) -> None:
    own = {"normalize.mean": np.array([0], np.float32), "normalize.std": np.array([0], np.float32)}
    path = write_torch_legacy(tmp_path / "w.pth", weights | own)
    with pytest.raises(ConvertError, match=r"normalize\.mean"):
        take(path, store, replace(SMALL, recipe=RecipeWishes(SaidRecipe(normalisation=IMAGENET), transform="stretch")))


def test_arithmetic_on_pixels_that_does_not_tell_their_range(store: ModelStore, tmp_path: Path) -> None:
    path = Export(before=(step("Sub", np.array(0.5, np.float32)),)).write(tmp_path / "net.onnx")
    with pytest.raises(ConvertError, match=r"begins with 1 \* pixel \+ -0\.5, and one cannot tell .*For pixels of 0-1: --scale 1/255"):
        take(path, store, Wishes(recipe=RecipeWishes(transform="stretch")))
    said = SaidRecipe(normalisation=Normalisation((0, 0, 0), (255, 255, 255)))
    assert take(path, store, Wishes(recipe=RecipeWishes(said, transform="stretch"))).recipe.std == (255, 255, 255)
