from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from convert.conversion_errors import ConvertError
from convert.fold import fold, unfold
from convert.networks.architectures import build_network, random_weights
from models.manifest import ModelManifest, Recipe
from models.store import zoo_manifest

Run = Callable[[bytes | Path, np.ndarray], np.ndarray]

MEAN, STD = (120.0, 110.0, 100.0), (60.0, 50.0, 40.0)


def manifest_of(recipe: Recipe, classes: int) -> ModelManifest:
    return zoo_manifest("efficientnet_lite0").model_copy(update={"recipe": recipe, "classes": classes})


def flat(
    width: int, height: int, *, batch: int | str = "N", source: str = "x", result: str = "y", opset: int = 15, inner: str = "bias"
) -> onnx.ModelProto:
    """A network that answers what it sees, as a row."""
    count = 3 * width * height
    nodes = [helper.make_node("Flatten", [source], ["flat"], axis=1), helper.make_node("Add", ["flat", inner], [result])]
    image = helper.make_tensor_value_info(source, TensorProto.FLOAT, [batch, 3, height, width])
    row = helper.make_tensor_value_info(result, TensorProto.FLOAT, [batch, count])
    graph = helper.make_graph(nodes, "flat", [image], [row], [numpy_helper.from_array(np.zeros((1, count), np.float32), inner)])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=7)


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
@pytest.mark.parametrize("opset", [11, 13, 18])
def test_the_recipe_is_folded_in(run: Run, recipe: Recipe, rows: slice, columns: slice, colours: list[int], opset: int) -> None:
    (width, height), network_size = recipe.input_size_px, recipe.network_size_px
    pixels = np.random.default_rng(0).integers(0, 256, (2, height, width, 3), dtype=np.uint8)
    seen = pixels[:, rows, columns][..., colours].astype(np.float64)
    expected = ((seen - MEAN) / STD).transpose(0, 3, 1, 2).reshape(2, -1)
    folded = fold(flat(*network_size, opset=opset), manifest_of(recipe, expected.shape[1]), (2,))
    assert folded.opset_import[0].version == opset
    np.testing.assert_allclose(run(folded.SerializeToString(), pixels), expected, atol=1e-6)


def test_the_inverse(run: Run) -> None:
    recipe = Recipe(resize_width_px=40, resize_height_px=48, crop_width_px=32, crop_height_px=33, mean=MEAN, std=STD)
    network = flat(32, 33)
    back = unfold(fold(flat(32, 33, source="some.input", result="3217"), manifest_of(recipe, 3 * 32 * 33), (1, 4)))
    image = np.random.default_rng(0).standard_normal((2, 3, 33, 32), np.float32)
    assert (run(back.SerializeToString(), image) == run(network.SerializeToString(), image)).all()
    assert [(value.name, shape(value)) for value in (*back.graph.input, *back.graph.output)] == [
        ("image", ["N", 3, 33, 32]),
        ("scores", ["N", 3168]),
    ]


def shape(value: onnx.ValueInfoProto) -> list[int | str]:
    return [dimension.dim_param or dimension.dim_value for dimension in value.type.tensor_type.shape.dim]


@settings(max_examples=20, deadline=None)
@given(sizes=st.sets(st.integers(1, 64), min_size=1, max_size=4), side=st.integers(32, 64), margin=st.integers(0, 9), bgr=st.booleans())
def test_a_network_of_ours_comes_back_to_the_byte(sizes: set[int], side: int, margin: int, bgr: bool) -> None:
    crop = {"crop_width_px": side, "crop_height_px": side} if margin else {}
    order = "BGR" if bgr else "RGB"
    recipe = Recipe(resize_width_px=side + margin, resize_height_px=side + margin, mean=MEAN, std=STD, colour_order=order, **crop)
    network = flat(side, side, source="image", result="scores")
    helper.set_model_props(network, {"by": "us"})
    folded = fold(network, manifest_of(recipe, 3 * side * side), tuple(sorted(sizes)))
    original = flat(side, side, source="image", result="scores")
    helper.set_model_props(original, {"by": "us"})
    assert unfold(folded) == original


def test_efficientnet_comes_back() -> None:
    weights = random_weights("efficientnet_lite0", 10, 0)
    manifest = manifest_of(zoo_manifest("efficientnet_lite0").recipe, 10)
    assert unfold(fold(build_network(manifest.architecture, weights, 10), manifest, (1,))) == build_network(
        manifest.architecture, weights, 10
    )


SQUARE = Recipe(resize_width_px=32, resize_height_px=32, mean=MEAN, std=STD)
ROW = 3 * 32 * 32


def built_in() -> onnx.ModelProto:
    """A network with its batch of 1 built in, as exporters do it."""
    network = flat(32, 32, batch=1)
    network.graph.node[0].CopyFrom(helper.make_node("Reshape", ["x", "row"], ["flat"]))
    network.graph.initializer.append(numpy_helper.from_array(np.array([1, ROW]), "row"))
    return network


def test_a_batch_that_was_fixed_becomes_free(run: Run) -> None:
    folded = fold(flat(32, 32, batch=1), manifest_of(SQUARE, ROW), (1, 3))
    assert shape(folded.graph.input[0]) == ["N", 32, 32, 3]
    assert run(folded.SerializeToString(), np.zeros((3, 32, 32, 3), np.uint8)).shape == (3, ROW)


def test_a_batch_that_is_built_in(run: Run) -> None:
    with pytest.raises(ConvertError, match=r"For 2 pictures the network returns 1 rows.*batch size is fixed"):
        fold(built_in(), manifest_of(SQUARE, ROW), (1, 2))
    alone = fold(built_in(), manifest_of(SQUARE, ROW), (1,))
    assert run(alone.SerializeToString(), np.zeros((1, 32, 32, 3), np.uint8)).shape == (1, ROW)
    assert shape(unfold(alone).graph.input[0]) == [1, 3, 32, 32]


@pytest.mark.parametrize(
    ("network", "message"),
    [
        (flat(33, 32), "takes 33x32, but the recipe of 'efficientnet_lite0' gives 32x32"),
        (flat(32, 32, opset=10), "opset 10"),
    ],
)
def test_what_cannot_be_folded(network: onnx.ModelProto, message: str) -> None:
    before = network.SerializeToString()
    with pytest.raises(ConvertError, match=message):
        fold(network, manifest_of(SQUARE, ROW), (1,))
    assert network.SerializeToString() == before


@pytest.mark.parametrize("inner", ["recipe/mean", "image", "scores"])
def test_inner_names_that_the_recipe_needs_are_changed(run: Run, inner: str) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (1, 32, 32, 3), dtype=np.uint8)
    expected = run(fold(flat(32, 32), manifest_of(SQUARE, ROW), (1,)).SerializeToString(), pixels)
    folded = fold(flat(32, 32, inner=inner), manifest_of(SQUARE, ROW), (1,))
    assert (run(folded.SerializeToString(), pixels) == expected).all()
    assert [tensor.name for tensor in unfold(folded).graph.initializer] == [f"network/{inner}"]


def test_other_classes() -> None:
    with pytest.raises(ConvertError, match="has 3072 classes, but the manifest of 'efficientnet_lite0' has 10"):
        fold(flat(32, 32), manifest_of(SQUARE, 10), (1,))


@pytest.mark.parametrize("batch_sizes", [(), (0,), (-1, 1), (2, 1), (1, 1)])
def test_batch_sizes_must_rise(batch_sizes: tuple[int, ...]) -> None:
    with pytest.raises(ConvertError, match="positive and in rising order"):
        fold(flat(32, 32), manifest_of(SQUARE, ROW), batch_sizes)


def test_twice_is_refused() -> None:
    folded = fold(flat(32, 32), manifest_of(SQUARE, ROW), (1,))
    with pytest.raises(ConvertError, match="already folded in"):
        fold(folded, manifest_of(SQUARE, ROW), (1,))


def test_only_ours_is_unfolded() -> None:
    with pytest.raises(ConvertError, match="not an artifact of this project"):
        unfold(flat(32, 32, source="image", result="scores"))
