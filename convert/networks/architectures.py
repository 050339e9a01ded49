"""The networks that this project can build, their parameters, and random weights for them."""

import math
from collections.abc import Callable, Mapping

import numpy as np
import onnx
from onnx import TensorProto, helper

from convert.conversion_errors import ConvertError
from convert.networks.efficientnet_lite import LITE
from convert.networks.fit import fit
from convert.networks.graph import GraphBuilder, Shape, Value
from convert.networks.resnet_graph import BASIC_DEPTHS, DEPTHS, ResNetGraph

Network = Callable[[GraphBuilder, Value, int], Value]


def network(architecture: str) -> Network:
    """The builder of that name; raises ConvertError."""
    if network := LITE.get(architecture) or ResNetGraph.parse(architecture):
        return network
    depths = ", ".join(f"resnet{depth}" for depth in (*BASIC_DEPTHS, *DEPTHS))
    raise ConvertError(
        f"Unknown architecture {architecture!r}.", f"Known: {', '.join(LITE)}, {depths}, wide_resnet50_2, resnext50_32x4d and other widths."
    )


def build_network(
    architecture: str, weights: Mapping[str, np.ndarray], classes: int, size_px: tuple[int, int] = (224, 224)
) -> onnx.ModelProto:
    """Build the plain network: "image" float32 [N, 3, H, W], normalised, in; "scores" float32 [N, classes], logits, out.

    `size_px` is (width, height), N is free. The same arguments give the same bytes. Raises ConvertError, see `fit`.
    """
    width, height = size_px
    fitting = fit(weights, parameter_shapes(architecture, classes), architecture)
    graph = GraphBuilder(lambda name, _shape: fitting[name])
    scores = network(architecture)(graph, Value("image", 3, height, width), classes)
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["N", 3, height, width])
    return graph.model(architecture, image, helper.make_tensor_value_info(scores.name, TensorProto.FLOAT, ["N", classes]), {})


def parameter_shapes(architecture: str, classes: int) -> dict[str, Shape]:
    """Every parameter and its shape, in the order of the layers, as the builder requests them."""
    shapes: dict[str, Shape] = {}

    def note(name: str, shape: Shape) -> np.ndarray:
        shapes[name] = shape
        return np.broadcast_to(np.float32(0), shape)  # a placeholder that takes no memory

    network(architecture)(GraphBuilder(note), Value("image", 3, 224, 224), classes)
    return shapes


def random_weights(architecture: str, classes: int, seed: int) -> dict[str, np.ndarray]:
    """Weights for benchmarks and tests: they take the time of trained ones, but give useless answers. Same seed, same weights.

    Convolutions after He et al. (arXiv:1502.01852), so that the variance does not vanish or explode with depth.
    """
    generator = np.random.default_rng(seed)
    return {name: _random(generator, name, shape) for name, shape in parameter_shapes(architecture, classes).items()}


# The batch normalisation at the end of a residual branch: at full size it would double the variance in every block,
# by 2**33 in ResNeXt-101, which is too much for FP16 on an NPU.
_BRANCH_END = ".bn3.weight"
_BRANCH_GAMMA = 0.25
_CLASSIFIER_GAIN = 10  # without it the softmax over a thousand classes is nearly uniform


def _random(generator: np.random.Generator, name: str, shape: Shape) -> np.ndarray:
    if len(shape) > 1:
        weight = generator.standard_normal(shape, np.float32) * np.float32(math.sqrt(2 / math.prod(shape[1:])))
        # After a ReLU all values are positive: a filter whose mean is not zero would react mostly to that, in all images.
        weight -= weight.mean(axis=tuple(range(1, len(shape))), keepdims=True)
        return weight * np.float32(_CLASSIFIER_GAIN) if len(shape) == 2 else weight
    if name.endswith(_BRANCH_END):
        return np.full(shape, _BRANCH_GAMMA, np.float32)
    return np.full(shape, 1 if name.endswith((".weight", ".running_var")) else 0, np.float32)
