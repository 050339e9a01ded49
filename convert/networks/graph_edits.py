"""Small changes of an ONNX graph, in place."""

from collections.abc import Mapping

import onnx
from onnx import helper

from convert.networks.plain_network import names


def rename(graph: onnx.GraphProto, old: str, new: str) -> None:
    """Give a value another name, wherever nodes take or make it, and where it is a parameter."""
    for node in graph.node:
        for values in (node.input, node.output):
            for place, name in enumerate(values):
                if name == old:
                    values[place] = new
    for tensor in (*graph.initializer, *(sparse.values for sparse in graph.sparse_initializer)):
        if tensor.name == old:
            tensor.name = new


def free_name(graph: onnx.GraphProto, wish: str) -> str:
    """The name itself, or one like it that no value of the graph has."""
    taken, name, number = set(names(graph)), wish, 1
    while name in taken:
        number += 1
        name = f"{wish}_{number}"
    return name


def node(operator: str, inputs: list[str], output: str, attributes: Mapping[str, int | list[int]] | None = None) -> onnx.NodeProto:
    """A node of one output that bears its name."""
    # The three None are make_node's defaults; without them the type checker takes the attributes for these parameters.
    return helper.make_node(operator, inputs, [output], output, doc_string=None, domain=None, overload=None, **(attributes or {}))


def maker(graph: onnx.GraphProto, value: str) -> onnx.NodeProto | None:
    """The node that computes a value; None for an input or a parameter."""
    return next((each for each in graph.node if value in each.output), None)


def takers(graph: onnx.GraphProto, value: str) -> list[onnx.NodeProto]:
    """The nodes that take a value."""
    return [each for each in graph.node if value in each.input]


def set_output(graph: onnx.GraphProto, value: onnx.ValueInfoProto) -> None:
    """Make a value the only output, and remove the nodes and parameters that it does not need."""
    graph.ClearField("output")
    graph.output.append(value)
    makers = {output: place for place, each in enumerate(graph.node) for output in each.output if output}
    needed: set[int] = set()
    waiting = [value.name]
    while waiting:
        place = makers.get(waiting.pop())
        if place is not None and place not in needed:
            needed.add(place)
            waiting += graph.node[place].input
    for place in reversed(range(len(graph.node))):
        if place not in needed:
            del graph.node[place]
    used = {name for each in graph.node for name in each.input}
    for tensors in (graph.initializer, graph.sparse_initializer):
        for place in reversed(range(len(tensors))):
            if (tensors[place].name if tensors is graph.initializer else tensors[place].values.name) not in used:
                del tensors[place]
    graph.ClearField("value_info")
