"""The end of a network: what stands before its output and changes no score by more than a rounding."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import onnx
from onnx import numpy_helper

from convert.networks.graph_edits import maker

Kind = Literal["softmax", "sigmoid", "choice", "other"]
MAX_STEPS = 32
_KINDS: dict[str, Kind] = {
    "Softmax": "softmax",
    "Sigmoid": "sigmoid",
    "HardSigmoid": "sigmoid",
    "ArgMax": "choice",
    "ArgMin": "choice",
    "TopK": "choice",
}
_SHAPES = ("Identity", "Cast", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Dropout", "QuantizeLinear", "DequantizeLinear", "Clip")


@dataclass(frozen=True)
class ScoreTail:
    """`value` is the last that is more than a change of shape, type or scale; `operator` makes it from `before`."""

    value: str
    kind: Kind
    operator: str
    before: str


def find_tail(graph: onnx.GraphProto, output: str | None = None) -> ScoreTail:
    """The tail of an output, None for the first one. A `choice` is found behind any number of passing nodes, too."""
    value = output or graph.output[0].name
    for _ in range(MAX_STEPS):
        node = maker(graph, value)
        if node is None or not node.input:
            return ScoreTail(value, "other", "", value)
        if not _passes(graph, node):
            return ScoreTail(value, _KINDS.get(node.op_type, "other"), node.op_type, node.input[0])
        value = node.input[0]
    return ScoreTail(value, "other", "", value)


def _passes(graph: onnx.GraphProto, node: onnx.NodeProto) -> bool:
    """Whether a node leaves the order and the proportion of scores as they are."""
    if node.op_type in ("Mul", "Div"):
        return len(node.input) == 2 and _positive(constant(graph, node.input[1]))
    return node.op_type in _SHAPES


def _positive(factor: np.ndarray | None) -> bool:
    return factor is not None and factor.size == 1 and bool((factor > 0).all())


def constant(graph: onnx.GraphProto, name: str) -> np.ndarray | None:
    """The value of a parameter or a Constant node; None for what is computed, and for what cannot be read."""
    sources: list[Callable[[], onnx.TensorProto | None]] = [
        lambda: next((tensor for tensor in graph.initializer if tensor.name == name), None),
        lambda: next((a.t for a in _attributes(maker(graph, name)) if a.name == "value"), None),
    ]
    for source in sources:
        if (tensor := source()) is not None:
            try:
                return np.asarray(numpy_helper.to_array(tensor))
            except (ValueError, TypeError):
                return None
    return None


def _attributes(node: onnx.NodeProto | None) -> list[onnx.AttributeProto]:
    return list(node.attribute) if node is not None and node.op_type == "Constant" else []
