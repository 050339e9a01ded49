"""The steps from a network's last layer with weights to its output: whatever they do, they have no more to go on than its scores."""

import onnx

from convert.networks.graph_edits import maker

CHOICES = ("ArgMax", "ArgMin", "TopK", "Hardmax", "OneHot", "NonZero", "NonMaxSuppression")
SHARES = ("Softmax", "LogSoftmax", "Sigmoid", "HardSigmoid", "Softplus", "Exp", "Log")
"""Operators that turn scores into probabilities or back."""
_LAYERS = ("Conv", "ConvTranspose", "Gemm", "MatMul", "Einsum", "ConvInteger", "MatMulInteger", "QLinearConv", "QLinearMatMul")
_POOLS = ("GlobalAveragePool", "GlobalMaxPool", "AveragePool", "MaxPool", "ReduceMean", "LayerNormalization")
MAX_STEPS = 256


def score_steps(graph: onnx.GraphProto, output: str) -> list[onnx.NodeProto]:
    """The nodes between the last layers and an output that depend on the picture, those next to the output first."""
    moving = _moving(graph)
    steps: list[onnx.NodeProto] = []
    waiting, seen = [output], {output}
    while waiting and len(steps) < MAX_STEPS:
        node = maker(graph, waiting.pop(0))
        if node is None or node.op_type in _LAYERS or node.op_type in _POOLS:
            continue
        steps.append(node)
        following = [name for name in node.input if name in moving and name not in seen]
        seen.update(following)
        waiting += following
    return steps


def first_of(graph: onnx.GraphProto, output: str, operators: tuple[str, ...]) -> onnx.NodeProto | None:
    """Of the steps with these operators the one that the scores meet first; None if there is none."""
    return next((node for node in reversed(score_steps(graph, output)) if node.op_type in operators), None)


def _moving(graph: onnx.GraphProto) -> set[str]:
    """The values that the picture changes; nodes stand in the order of their computation."""
    parameters = {tensor.name for tensor in graph.initializer}
    moving = {value.name for value in graph.input if value.name not in parameters}
    for node in graph.node:
        if node.op_type != "Shape" and any(name in moving for name in node.input):
            moving.update(node.output)
    return moving
