"""The end of a network: what stands before its output and changes no score by more than a rounding."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import onnx

from convert.exports.constants import constant
from convert.networks.graph_edits import maker

Kind = Literal["softmax", "log softmax", "sigmoid", "other"]
MAX_STEPS = 32
_KINDS: dict[str, Kind] = {
    "Softmax": "softmax",
    "LogSoftmax": "log softmax",
    "Sigmoid": "sigmoid",
    "HardSigmoid": "sigmoid",
}
_SHAPES = ("Identity", "Cast", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Dropout", "QuantizeLinear", "DequantizeLinear")
LEAST_CLIPPED = 1e-3  # a clip of probabilities below it keeps them off 0 for a logarithm


@dataclass(frozen=True)
class ScoreTail:
    """`value` is the last that is more than a change of shape, type or scale; `operator` makes it from `before`."""

    value: str
    kind: Kind
    operator: str
    before: str


def find_tail(graph: onnx.GraphProto, output: str | None = None) -> ScoreTail:
    """The tail of an output, None for the first one."""
    value = output or graph.output[0].name
    for _ in range(MAX_STEPS):
        node = maker(graph, value)
        if node is None or not node.input:
            return ScoreTail(value, "other", "", value)
        passed = _passed(graph, node)
        if passed is None:
            return ScoreTail(value, _KINDS.get(node.op_type, "other"), node.op_type, node.input[0])
        value = passed
    return ScoreTail(value, "other", "", value)


def _passed(graph: onnx.GraphProto, node: onnx.NodeProto) -> str | None:
    """The value of which a node leaves the order and the proportion of scores as they are; None if it does not."""
    first: str = node.input[0]
    others: list[str] = list(node.input[1:])
    if node.op_type in ("Mul", "Div") and len(others) == 1:
        if _positive(constant(graph, others[0])):
            return first
        return others[0] if node.op_type == "Mul" and _positive(constant(graph, first)) else None
    if node.op_type == "Clip":
        low, high = ([constant(graph, name) if name else None for name in others] + [None, None])[:2]
        return first if (low is None or (low <= LEAST_CLIPPED).all()) and (high is None or (high >= 1).all()) else None
    return first if node.op_type in _SHAPES else None


def _positive(factor: np.ndarray | None) -> bool:
    return factor is not None and factor.size == 1 and bool((factor > 0).all())
