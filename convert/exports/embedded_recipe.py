"""Arithmetic on pixels at the beginning of a network: the part of the recipe that the export has inside already."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import onnx
from onnx import TensorProto

from convert.exports.score_tail import constant
from convert.networks.graph_edits import takers
from models.manifest import Recipe, Triple

PixelRange = Literal["recipe", "0-255", "0-1", "unclear"]
"""What the network takes: pixels that the recipe normalises, pixels of 0 to 255 or of 0 to 1, or one cannot tell."""

MAX_STEPS = 16
_PASSING = ("Identity", "Cast", "Transpose", "Pad", "Resize", "Upsample", "Slice", "Gather", "Split", "Concat", "Clip")
BATCH_NORM_INPUTS, BATCH_NORM_EPSILON = 4, 1e-5
WIDEST = 12.0  # what pixels of 0 to 255 span after a usual normalisation: 1 (0..1), 2 (-1..1), 4.4 (ImageNet's deviation)
LEAST_MEAN = 5.0  # a mean above it counts pixels of 0 to 255: those of 0 to 1 have means below 1
LEAST_FACTOR = 1.5  # 1 / deviation of pixels of 0 to 1: 2 for deviations of 0.5, 4.4 for ImageNet's


@dataclass(frozen=True)
class Embedded:
    """The network computes factor * pixel + offset, for each channel or for all."""

    factor: np.ndarray
    offset: np.ndarray

    def __str__(self) -> str:
        return f"{_numbers(self.factor)} * pixel + {_numbers(self.offset)}"

    @property
    def takes(self) -> PixelRange:
        """The range of the pixels that this arithmetic is made for."""
        mean = -self.offset / self.factor
        if (mean > LEAST_MEAN).any():
            return "0-255"
        if (mean == 0).all() and (np.abs(self.factor) * 255 <= WIDEST).all():
            return "0-255"
        if (mean >= 0).all() and (mean < 1).all() and (self.factor >= LEAST_FACTOR).all():
            return "0-1"
        return "unclear"


def embedded_recipe(network: onnx.ModelProto, source: str, channels: int) -> Embedded | None:
    """The arithmetic with constants that an input meets first; None if it meets none."""
    graph, value = network.graph, source
    factor, offset, met = np.ones(1), np.zeros(1), False
    for _ in range(MAX_STEPS):
        node = _next(graph, value)
        if node is None:
            break
        if node.op_type not in _PASSING:
            numbers = [constant(graph, name) for name in node.input if name != value]
            if not numbers or any(each is None or each.size not in (1, channels) for each in numbers):
                break
            step = _step(node, value, [np.asarray(each, np.float64).reshape(-1) for each in numbers if each is not None])
            if step is None:
                break
            factor, offset, met = factor * step[0], offset * step[0] + step[1], True
        value = node.output[0]
    changes = met and (factor != 0).all() and not ((factor == 1).all() and (offset == 0).all())
    return Embedded(factor, offset) if changes else None


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
