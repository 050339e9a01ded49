"""The constants of a graph: parameters, and what nodes compute from parameters alone."""

from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

from convert.networks.graph_edits import maker

MAX_STEPS = 32
MAX_COMPUTED = 4096  # numbers that take part in a computation: a recipe has three
_SAME_NUMBERS = ("Identity", "Cast", "Reshape", "Squeeze", "Unsqueeze")
_COMPUTED: dict[str, Callable[..., Any]] = {
    "Add": np.add,
    "Sub": np.subtract,
    "Mul": np.multiply,
    "Div": np.divide,
    "Max": np.maximum,
    "Min": np.minimum,
    "Pow": np.power,
    "Sqrt": np.sqrt,
    "Reciprocal": np.reciprocal,
    "Neg": np.negative,
}


def constant(graph: onnx.GraphProto, name: str, steps: int = MAX_STEPS) -> np.ndarray | None:
    """The numbers of a parameter, of a Constant node, or of what is computed from such ones by few steps; `steps` bounds them.

    Their shape is not that of the value. None for all else, and for what cannot be read.
    """
    tensor = next((tensor for tensor in graph.initializer if tensor.name == name), None)
    node = maker(graph, name)
    try:
        if tensor is not None:
            return np.asarray(numpy_helper.to_array(tensor))
        if node is None or steps == 0:
            return None
        if node.op_type == "Constant":
            return _held(node)
    except (ValueError, TypeError):
        return None
    if node.op_type in _SAME_NUMBERS:
        return constant(graph, node.input[0], steps - 1)
    return _computed(graph, node, steps // 2) if node.op_type in _COMPUTED and len(node.input) <= 2 else None


def _computed(graph: onnx.GraphProto, node: onnx.NodeProto, steps: int) -> np.ndarray | None:
    numbers: list[np.ndarray] = []
    for name in node.input:
        found = constant(graph, name, steps)
        if found is None or found.size > MAX_COMPUTED:
            return None
        numbers.append(found.reshape(-1))
    if len({each.size for each in numbers} - {1}) > 1:
        return None
    with np.errstate(all="ignore"):
        try:
            return np.asarray(_COMPUTED[node.op_type](*numbers))
        except (ValueError, TypeError):
            return None


def _held(node: onnx.NodeProto) -> np.ndarray | None:
    for attribute in node.attribute:
        if attribute.name == "value":
            return np.asarray(numpy_helper.to_array(attribute.t))
        if attribute.name in ("value_float", "value_floats", "value_int", "value_ints"):
            return np.asarray(helper.get_attribute_value(attribute))
    return None
