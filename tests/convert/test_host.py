import stat
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from convert.architectures import random_weights
from convert.errors import ConvertError
from convert.graph import GraphBuilder, Shape
from convert.host import fold_recipe, host_model, write_host_artifact
from models.manifest import ModelManifest, Recipe
from models.store import sha256_of, zoo_manifest

Run = Callable[[bytes | Path, np.ndarray], np.ndarray]

MANIFEST = zoo_manifest("efficientnet_lite0").model_copy(update={"classes": 10})
MEAN, STD = (120.0, 110.0, 100.0), (60.0, 50.0, 40.0)


@pytest.fixture(scope="module")
def weights() -> dict[str, np.ndarray]:
    return random_weights("efficientnet_lite0", 10, 0)


def no_weights(_name: str, _shape: Shape) -> np.ndarray:
    raise AssertionError("the recipe has no weights")


def folded(recipe: Recipe) -> bytes:
    """A model that is nothing but the recipe."""
    graph = GraphBuilder(no_weights)
    image = fold_recipe(graph, recipe)
    width, height = recipe.input_size_px
    pixels = helper.make_tensor_value_info("image", TensorProto.UINT8, [2, height, width, 3])
    result = helper.make_tensor_value_info(image.name, TensorProto.FLOAT, [2, 3, image.height, image.width])
    return bytes(graph.model("recipe", pixels, result, {}).SerializeToString())


@pytest.mark.parametrize(
    ("recipe", "rows", "columns", "colours"),
    [
        (Recipe(resize_width_px=32, resize_height_px=36, mean=MEAN, std=STD), slice(36), slice(32), [2, 1, 0]),
        (Recipe(resize_width_px=32, resize_height_px=36, mean=MEAN, std=STD, colour_order="BGR"), slice(36), slice(32), [0, 1, 2]),
        (
            Recipe(resize_width_px=41, resize_height_px=50, crop_width_px=34, crop_height_px=45, mean=MEAN, std=STD),
            slice(2, 47),
            slice(3, 37),
            [2, 1, 0],
        ),
        (
            Recipe(resize="short_side", resize_width_px=64, resize_height_px=64, crop_width_px=32, crop_height_px=48, mean=MEAN, std=STD),
            slice(48),
            slice(32),
            [2, 1, 0],
        ),
    ],
    ids=["stretch", "bgr", "crop", "short_side"],
)
def test_the_recipe_is_folded_in(run: Run, recipe: Recipe, rows: slice, columns: slice, colours: list[int]) -> None:
    width, height = recipe.input_size_px
    pixels = np.random.default_rng(0).integers(0, 256, (2, height, width, 3), dtype=np.uint8)
    seen = pixels[:, rows, columns][..., colours].astype(np.float64)
    expected = ((seen - MEAN) / STD).transpose(0, 3, 1, 2)
    np.testing.assert_allclose(run(folded(recipe), pixels), expected, atol=1e-6)


def test_gears_answer_as_batch_one(run: Run, photos: dict[str, np.ndarray], efficientnet_weights: dict[str, np.ndarray]) -> None:
    manifest = zoo_manifest("efficientnet_lite0")
    gears = host_model(manifest, efficientnet_weights, (1, 2, 4, 8)).SerializeToString()
    single = host_model(manifest, efficientnet_weights, (1,)).SerializeToString()
    batch = np.stack([photos["cat"], photos["coffee"], photos["cat"][::-1], photos["coffee"][:, ::-1]])
    expected = np.concatenate([run(single, image[None]) for image in batch])
    np.testing.assert_allclose(run(gears, batch), expected, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(run(gears, batch[:2]), expected[:2], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("batch_sizes", "first"), [((1,), 1), ((4,), 4), ((1, 2, 4, 8), "N")])
def test_the_contract(weights: dict[str, np.ndarray], tmp_path: Path, batch_sizes: tuple[int, ...], first: int | str) -> None:
    artifact = write_host_artifact(MANIFEST, weights, tmp_path / "model.onnx", batch_sizes)
    graph = onnx.load(tmp_path / "model.onnx").graph
    (pixels,), (scores,) = graph.input, graph.output
    assert (pixels.name, pixels.type.tensor_type.elem_type, dimensions(pixels)) == ("image", TensorProto.UINT8, [first, 224, 224, 3])
    assert (scores.name, scores.type.tensor_type.elem_type, dimensions(scores)) == ("scores", TensorProto.FLOAT, [first, 10])
    assert (artifact.file, artifact.soc, artifact.batch_sizes) == ("model.onnx", "host", batch_sizes)
    assert artifact.sha256 == sha256_of(tmp_path / "model.onnx")


def dimensions(value: onnx.ValueInfoProto) -> list[int | str]:
    return [dimension.dim_param or dimension.dim_value for dimension in value.type.tensor_type.shape.dim]


def test_the_metadata(weights: dict[str, np.ndarray]) -> None:
    facts = {fact.key: fact.value for fact in host_model(MANIFEST, weights, (1, 2, 4, 8)).metadata_props}
    assert facts == {
        "model": "efficientnet_lite0",
        "version": "1",
        "recipe_sha256": MANIFEST.recipe.sha256,
        "batch_sizes": "1,2,4,8",
    }


def test_the_same_bytes_and_nothing_beside_them(weights: dict[str, np.ndarray], tmp_path: Path) -> None:
    first = write_host_artifact(MANIFEST, weights, tmp_path / "a.onnx", (1,))
    assert write_host_artifact(MANIFEST, weights, tmp_path / "b.onnx", (1,)).sha256 == first.sha256
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.onnx", "b.onnx"]
    assert stat.S_IMODE((tmp_path / "a.onnx").stat().st_mode) == 0o640


@pytest.mark.parametrize("batch_sizes", [(), (0,), (-1, 1), (2, 1), (1, 1)])
def test_batch_sizes_must_rise(weights: dict[str, np.ndarray], batch_sizes: tuple[int, ...]) -> None:
    with pytest.raises(ConvertError, match="rising positive"):
        host_model(MANIFEST, weights, batch_sizes)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"_fc.bias": None}, r"'_fc.bias' of shape \(10,\) is missing"),
        ({"_fc.bias": np.zeros(9)}, r"'_fc.bias' should have the shape \(10,\), found \(9,\)"),
        ({"extra": np.zeros(3)}, r"no place for 'extra' \(3,\)"),
    ],
)
def test_weights_must_fit(weights: dict[str, np.ndarray], tmp_path: Path, change: dict[str, np.ndarray | None], message: str) -> None:
    changed = {name: array for name, array in {**weights, **change}.items() if array is not None}
    with pytest.raises(ConvertError, match=message):
        write_host_artifact(MANIFEST, changed, tmp_path / "model.onnx", (1,))
    assert list(tmp_path.iterdir()) == []


def test_step_counters_are_no_parameters(weights: dict[str, np.ndarray]) -> None:
    counted = {**weights, "_bn0.num_batches_tracked": np.array(5)}
    assert host_model(MANIFEST, counted, (1,)) == host_model(MANIFEST, weights, (1,))


def test_an_unknown_architecture() -> None:
    manifest: ModelManifest = MANIFEST.model_copy(update={"architecture": "vgg"})
    with pytest.raises(ConvertError, match="no architecture 'vgg'"):
        host_model(manifest, {}, (1,))
