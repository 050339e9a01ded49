from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper

from convert.exports.embedded_recipe import Embedded, PixelRange, embedded_recipe, pixel_range, recipe_left
from convert.networks.plain_network import image_input
from convert.preprocessing.known_transforms import known_transform
from convert.preprocessing.said_recipe import SaidRecipe
from convert.preprocessing.settled_recipe import settle
from tests.convert.exports.exports_made import Export, Step, step

IMAGENET = np.array([0.485, 0.456, 0.406], np.float32), np.array([0.229, 0.224, 0.225], np.float32)


def per_channel(values: np.ndarray) -> np.ndarray:
    return values.reshape(1, 3, 1, 1)


def number(value: float) -> np.ndarray:
    return np.array(value, np.float32)


MEAN, STD = map(per_channel, IMAGENET)
CASES: list[tuple[tuple[Step, ...], PixelRange]] = [
    ((), "recipe"),
    ((step("Identity"),), "recipe"),
    ((step("Mul", number(1)),), "recipe"),
    ((step("Relu"), step("Div", number(255))), "recipe"),
    ((step("Div", number(255)),), "0-255"),
    ((step("Div", number(255)), step("Sub", MEAN), step("Div", STD)), "0-255"),
    ((step("Sub", MEAN * 255), step("Mul", 1 / STD / 255)), "0-255"),
    ((step("Div", number(127.5)), step("Sub", number(1))), "0-255"),
    ((step("Sub", per_channel(np.array([103.9, 116.8, 123.7], np.float32))),), "0-255"),  # Caffe
    ((step("Sub", MEAN), step("Div", STD)), "0-1"),
    ((step("Mul", number(2)), step("Add", number(-1))), "0-1"),
    ((step("Mul", number(255)),), "0-1"),
    ((step("Mul", number(0.458)), step("Add", number(-0.03))), "unclear"),  # from ImageNet's normalisation to Inception's
    ((step("Add", number(0.5)),), "unclear"),
    ((step("Sub", number(0.5)),), "unclear"),
    ((step("Mul", number(2)),), "unclear"),
    ((step("Pow", number(0.45)),), "unclear"),
    ((step("Clip", number(0), number(1)),), "unclear"),
    ((step("Sub", np.full((3, 32, 32), 120, np.float32)),), "unclear"),  # Caffe's mean of all pictures
    ((step("InstanceNormalization", np.ones(3, np.float32), np.zeros(3, np.float32)),), "unclear"),
    ((step("Div", number(255)), step("Sqrt")), "unclear"),
    ((step("Gather", np.array([2, 1, 0]), axis=1), step("Sub", MEAN * 255), step("Div", STD * 255)), "0-255"),
    ((step("Pad", np.array([0, 0, 2, 2, 0, 0, 2, 2])), step("Div", number(255))), "0-255"),
    ((step("Clip", number(0), number(255)), step("Div", number(255))), "0-255"),
    ((step("Sub", number(127)), step("Clip", number(0), number(255))), "unclear"),
    ((step("Div", number(255)), step("Clip", number(0), number(255))), "unclear"),
    ((step("BatchNormalization", *np.array([[1] * 3, [0] * 3, [124, 116, 104], [3400] * 3], np.float32)),), "0-255"),
    ((step("Conv", np.full((3, 1, 1, 1), 1 / 255, np.float32), group=3),), "0-255"),
    ((step("Gather", np.array([2, 1, 0]), axis=1),), "recipe"),
]


@pytest.mark.parametrize(("before", "expected"), CASES)
def test_what_the_network_takes(before: tuple[Step, ...], expected: PixelRange) -> None:
    model = Export(before=before).model()
    assert pixel_range(image_input(model), embedded_recipe(model, "input", 3)) == expected


def test_the_arithmetic() -> None:
    found = embedded_recipe(Export(before=CASES[5][0]).model(), "input", 3)
    assert found is not None
    np.testing.assert_allclose(found.factor, 1 / (255 * IMAGENET[1]), rtol=1e-6)
    np.testing.assert_allclose(found.offset, -IMAGENET[0] / IMAGENET[1], rtol=1e-6)
    assert str(Embedded(np.array([0.5]), np.array([-1, 2.25]))) == "0.5 * pixel + -1/2.25"
    assert str(Embedded(np.ones(1), np.zeros(1), "Pow")) == "arithmetic on pixels that is not understood (Pow)"


def test_a_network_that_measures_its_own_pictures() -> None:
    model = Export(before=(step("Sub", number(0)),)).model()
    model.graph.node.insert(0, helper.make_node("ReduceMean", ["input"], ["average"]))
    model.graph.node[1].input[1] = "average"
    found = embedded_recipe(model, "input", 3)
    assert found is not None
    assert (found.beyond, found.takes) == ("Sub", "unclear")


def test_a_constant_may_stand_first_or_be_computed() -> None:
    model = Export(before=(step("Div", number(127.5)), step("Add", number(-1)))).model()
    division, addition = model.graph.node[:2]
    addition.input[0], addition.input[1] = addition.input[1], addition.input[0]
    model.graph.node.insert(0, helper.make_node("Constant", [], ["flat"], value_float=127.5))
    model.graph.node.insert(1, helper.make_node("Cast", ["flat"], [division.input[1]], to=TensorProto.FLOAT))
    del model.graph.initializer[next(place for place, t in enumerate(model.graph.initializer) if t.name == division.input[1])]
    model.graph.node.append(helper.make_node("Shape", ["input"], ["sides"]))
    assert str(embedded_recipe(model, "input", 3)) == "0.007843 * pixel + -1"


def test_uint8_is_taken_as_it_is() -> None:
    model = Export(type=TensorProto.UINT8, before=(step("Cast", to=TensorProto.FLOAT),)).model()
    assert (embedded_recipe(model, "input", 3), pixel_range(image_input(model), None)) == (None, "0-255")


@pytest.mark.parametrize(
    ("pixels", "grey", "expected"),
    [
        ("recipe", False, {}),
        ("unclear", False, {}),
        ("0-255", False, {"mean": (0, 0, 0), "std": (1, 1, 1)}),
        ("0-1", True, {"mean": (0, 0, 0), "std": (255, 255, 255)}),
        ("recipe", True, {"mean": (117.038,) * 3, "std": (57.5303,) * 3}),
    ],
)
def test_what_is_left_of_the_recipe(pixels: PixelRange, grey: bool, expected: dict[str, Any]) -> None:
    recipe = settle(known_transform("torchvision-v1"), SaidRecipe(), (224, 224)).recipe
    left = recipe_left(recipe, pixels, grey=grey)
    assert left.model_dump(exclude={"trained_with"}) == recipe.model_dump(exclude={"trained_with"}) | expected
    assert recipe_left(left, pixels, grey=grey).sha256 == left.sha256
