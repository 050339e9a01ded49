"""Arithmetic on pixels at the beginning of a network: the part of the recipe that the export has inside already."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import onnx
from onnx import TensorProto

from convert.exports.constants import constant
from convert.networks.graph_edits import takers
from models.manifest import Recipe, Triple

PixelRange = Literal["recipe", "0-255", "0-1", "unclear"]
"""What the network takes: pixels that the recipe normalises, pixels of 0 to 255 or of 0 to 1, or one cannot tell."""

MAX_STEPS = 16
_PASSING = ("Identity", "Cast", "Transpose", "Pad", "Resize", "Upsample", "Slice", "Gather", "Split", "Concat")
_CHANGING = ("Add", "Sub", "Mul", "Div", "Pow", "Sqrt", "Exp", "Log", "Neg", "Abs", "Clip", "InstanceNormalization")
"""Operators on pixels that are a part of the recipe, whether they are understood here or not."""
BATCH_NORM_INPUTS, BATCH_NORM_EPSILON = 4, 1e-5
WIDEST = 12.0  # what pixels of 0 to 255 span after a usual normalisation: 1 (0..1), 2 (-1..1), 4.4 (ImageNet's deviation)
LEAST_MEAN = 5.0  # a mean above it counts pixels of 0 to 255: those of 0 to 1 have means below 1
LEAST_FACTOR = 1.5  # 1 / deviation of pixels of 0 to 1: 2 for deviations of 0.5, 4.4 for ImageNet's
LEAST_SCALE = 100  # without a mean: pixels of 0 to 1 times 255. A smaller factor can be anything


@dataclass(frozen=True)
class Embedded:
    """The network computes factor * pixel + offset, for each channel or for all, and then what the operator `beyond` makes of it."""

    factor: np.ndarray
    offset: np.ndarray
    beyond: str = ""

    def __str__(self) -> str:
        if self.beyond:
            return f"arithmetic on pixels that is not understood ({self.beyond})"
        return f"{_numbers(self.factor)} * pixel + {_numbers(self.offset)}"

    @property
    def takes(self) -> PixelRange:
        """The range of the pixels that this arithmetic is made for."""
        if self.beyond:
            return "unclear"
        mean = -self.offset / self.factor
        if (mean > LEAST_MEAN).any():
            return "0-255"
        if (mean == 0).all() and (np.abs(self.factor) * 255 <= WIDEST).all():
            return "0-255"
        least = LEAST_FACTOR if (mean > 0).all() else LEAST_SCALE
        if (mean >= 0).all() and (mean < 1).all() and (self.factor >= least).all():
            return "0-1"
        return "unclear"


def embedded_recipe(network: onnx.ModelProto, source: str, channels: int) -> Embedded | None:
    """The arithmetic with constants that an input meets first; None if it meets none."""
    graph, value = network.graph, source
    factor, offset, beyond = np.ones(1), np.zeros(1), ""
    for _ in range(MAX_STEPS):
        node = _next(graph, value)
        if node is None:
            beyond = next((each.op_type for each in takers(graph, value) if each.op_type in _CHANGING), "")
            break
        if node.op_type not in _PASSING:
            step = _linear(graph, node, value, channels)
            moved = (factor != 1).any() or (offset != 0).any()
            if step is None or (step[0] == 0).any() or (node.op_type == "Clip" and moved):
                beyond = node.op_type if node.op_type in _CHANGING else ""
                break
            factor, offset = factor * step[0], offset * step[0] + step[1]
        value = node.output[0]
    changes = beyond or (factor != 1).any() or (offset != 0).any()
    return Embedded(factor, offset, beyond) if changes else None


def pixel_range(source: onnx.ValueInfoProto, embedded: Embedded | None) -> PixelRange:
    """What the network takes; an input of uint8 takes pixels as they are."""
    if source.type.tensor_type.elem_type == TensorProto.UINT8:
        return "0-255"
    return embedded.takes if embedded else "recipe"


def recipe_left(recipe: Recipe, pixels: PixelRange, *, grey: bool) -> Recipe:
    """The recipe without what the network does itself. For a network of grey pixels all channels have one mean and one deviation."""
    if grey:
        recipe = recipe.model_copy(update={"mean": _weighed(recipe.mean), "std": _weighed(recipe.std), "colour_order": "RGB"})
    if pixels in ("0-255", "0-1"):
        whole = 255.0 if pixels == "0-1" else 1.0
        told = f"{recipe.trained_with}; the network normalises its pixels of {pixels.replace('-', ' to ')} itself"
        return recipe.model_copy(update={"mean": (0.0,) * 3, "std": (whole,) * 3, "trained_with": told.removeprefix("; ")})
    return recipe


GREY_OF_RGB = (0.299, 0.587, 0.114)  # OpenCV's BGR2GRAY (ITU-R BT.601)


def _weighed(triple: Triple) -> Triple:
    """What the triple is for the grey of its channels."""
    return triple if len(set(triple)) == 1 else (float(f"{np.dot(GREY_OF_RGB, triple):.6g}"),) * 3


def _next(graph: onnx.GraphProto, value: str) -> onnx.NodeProto | None:
    """The node that takes a value; the first of those that take its channels one by one."""
    nodes = [node for node in takers(graph, value) if node.op_type != "Shape"]
    apart = bool(nodes) and all(node.op_type in ("Gather", "Slice") for node in nodes)
    return nodes[0] if len(nodes) == 1 or apart else None


def _linear(graph: onnx.GraphProto, node: onnx.NodeProto, value: str, channels: int) -> tuple[np.ndarray, np.ndarray] | None:
    """Factor and offset of a node, if its other inputs are constants of one number or of one a channel."""
    found = [constant(graph, name) for name in node.input if name not in ("", value)]
    numbers = [np.asarray(each, np.float64).reshape(-1) for each in found if each is not None and each.size in (1, channels)]
    if not numbers or len(numbers) < len(found):
        return None
    if node.op_type == "Clip":  # of pixels as they come: it changes none
        return (np.ones(1), np.zeros(1)) if len(numbers) == 2 and (numbers[0] <= 0).all() and (numbers[1] >= 255).all() else None
    return _step(node, value, numbers)


def _step(node: onnx.NodeProto, value: str, numbers: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray] | None:
    """Factor and offset of one node."""
    operator, first, leads = node.op_type, numbers[0], node.input[0] == value
    if operator == "Mul":
        return first, np.zeros(1)
    if operator == "Div" and leads and (first != 0).all():
        return 1 / first, np.zeros(1)
    if operator == "Add" or (operator == "Sub" and leads):
        return np.ones(1), first if operator == "Add" else -first
    if operator == "DequantizeLinear":  # (pixel - zero) * scale
        return first, -first * numbers[1] if len(numbers) > 1 else np.zeros(1)
    if operator == "BatchNormalization" and leads and len(numbers) == BATCH_NORM_INPUTS:
        scale, shift, mean, variance = numbers
        factor = scale / np.sqrt(variance + next((a.f for a in node.attribute if a.name == "epsilon"), BATCH_NORM_EPSILON))
        return factor, shift - mean * factor
    if operator == "Conv" and leads and node.input[1:] and any(a.name == "group" and a.i == first.size for a in node.attribute):
        return first, numbers[1] if len(numbers) > 1 else np.zeros(1)  # one weight a channel
    return None


def _numbers(values: np.ndarray) -> str:
    return "/".join(f"{value:.4g}" for value in values)
