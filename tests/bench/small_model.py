"""A small convolutional network with random weights, about 1 ms an image on one core, to see what the server costs."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from tests.made_model import store_made_model

NAME = "small_cnn"
SIDE_PX = 224
CLASSES = 1000
CHANNELS = (3, 16, 32, 64, 128)


def small_graph() -> onnx.ModelProto:
    """uint8 [1, 224, 224, 3] → float32 [1, 1000]: four convolutions of stride 2, a mean over the picture, one matrix."""
    chance = np.random.default_rng(4)
    weights = []
    nodes = [
        helper.make_node("Cast", ["image"], ["pixels"], to=TensorProto.FLOAT),
        helper.make_node("Transpose", ["pixels"], ["a0"], perm=[0, 3, 1, 2]),
    ]
    for layer, (before, after) in enumerate(pairwise(CHANNELS)):
        scale = (2 / (9 * before)) ** 0.5 / (128 if layer == 0 else 1)
        weights.append(numpy_helper.from_array(chance.normal(0, scale, (after, before, 3, 3)).astype(np.float32), f"w{layer}"))
        nodes += [
            helper.make_node("Conv", [f"a{layer}", f"w{layer}"], [f"c{layer}"], strides=[2, 2], pads=[1, 1, 1, 1]),
            helper.make_node("Relu", [f"c{layer}"], [f"a{layer + 1}"]),
        ]
    last = len(CHANNELS) - 1
    weights.append(numpy_helper.from_array(chance.normal(0, 0.1, (CHANNELS[-1], CLASSES)).astype(np.float32), "head"))
    nodes += [
        helper.make_node("GlobalAveragePool", [f"a{last}"], ["mean"]),
        helper.make_node("Flatten", ["mean"], ["features"]),
        helper.make_node("MatMul", ["features", "head"], ["scores"]),
    ]
    image = helper.make_tensor_value_info("image", TensorProto.UINT8, [1, SIDE_PX, SIDE_PX, 3])
    scores = helper.make_tensor_value_info("scores", TensorProto.FLOAT, [1, CLASSES])
    graph = helper.make_graph(nodes, NAME, [image], [scores], weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 15)], ir_version=8)


def store_small_model(root: Path) -> None:
    """Put the model into a store, unless it is there."""
    if not (root / NAME).exists():
        store_made_model(root, NAME, "small", small_graph(), [f"class {number}" for number in range(CLASSES)], SIDE_PX)
