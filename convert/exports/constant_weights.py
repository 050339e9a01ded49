"""Weights that an export keeps in Constant nodes: brought to the parameters, where everything that looks at weights finds them."""

import math

import numpy as np
import onnx
from onnx import TensorProto, numpy_helper

MOST_LEFT = 16  # elements; shapes, axes and limits, which ONNX's shape inference reads in their nodes, have no more
IR_OF_CONSTANTS = 4  # the first version in which a parameter need not be an input, too


def move_constants(network: onnx.ModelProto) -> None:
    """Make parameters of the Constant nodes of more than a few elements, in place; their values keep name, shape and type."""
    graph = network.graph
    outputs = {value.name for value in graph.output}
    for place in reversed(range(len(graph.node))):
        node = graph.node[place]
        if node.op_type != "Constant" or len(node.output) != 1 or node.output[0] in outputs:
            continue
        if (tensor := _held(node)) is not None and math.prod(tensor.dims) > MOST_LEFT:
            tensor.name = node.output[0]
            graph.initializer.append(tensor)
            del graph.node[place]
            network.ir_version = max(network.ir_version, IR_OF_CONSTANTS)


def _held(node: onnx.NodeProto) -> TensorProto | None:
    for attribute in node.attribute:
        if attribute.name == "value":
            tensor: TensorProto = attribute.t
            return tensor
        if attribute.name == "value_floats":
            return numpy_helper.from_array(np.array(attribute.floats, np.float32))
    return None
