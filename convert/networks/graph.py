"""Builds ONNX graphs of classification networks, layer by layer; takes the weights by parameter name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import onnx
from onnx import helper, numpy_helper

from convert.conversion_errors import ConvertError
from convert.networks.plain_network import check_graph

OPSET = 11  # the toolkits of the Ascend 310's time read no newer one; CANN 7.0 (9 to 18), 8.0 (11 to 15) and 9.1 (11 to 18) read it, too
IR_VERSION = 6  # the version that belongs to opset 11; onnx would write its newest, which older tools refuse

Shape = tuple[int, ...]
WeightSource = Callable[[str, Shape], np.ndarray]
Pads = tuple[int, int, int, int]  # top, left, bottom, right


@dataclass(frozen=True, slots=True)
class Value:
    """A tensor [N, channels, height, width] of the graph, by name. The graph does not need to know N."""

    name: str
    channels: int
    height: int = 1
    width: int = 1


class GraphBuilder:
    """Adds one node after the other. Each layer takes a Value and returns one, named after the layer's parameters.

    Initialisers have the names of the checkpoint's parameters. Nothing is optimised here: OpenVINO and ATC fold batch
    normalisation and the like, and a plain graph can be compared layer by layer.
    """

    def __init__(self, weights: WeightSource) -> None:
        self._weights = weights
        self._nodes: list[onnx.NodeProto] = []
        self._initialisers: dict[str, np.ndarray] = {}

    def node(self, operator: str, inputs: list[str], output: str, **attributes: int | float | list[int]) -> str:
        """Add one ONNX node with one output; returns the output's name."""
        # The three None are make_node's defaults; without them the type checker takes the attributes for these parameters.
        self._nodes.append(helper.make_node(operator, inputs, [output], output, doc_string=None, domain=None, overload=None, **attributes))
        return output

    def constant(self, name: str, value: np.ndarray) -> str:
        """Add an initialiser that is not a parameter; the same name must always have the same value."""
        self._initialisers[name] = value
        return name

    def parameter(self, name: str, shape: Shape) -> str:
        """Add an initialiser with the weights of that name."""
        return self.constant(name, self._weights(name, shape))

    def conv(
        self,
        x: Value,
        name: str,
        channels: int,
        kernel: int,
        *,
        stride: int = 1,
        pads: Pads | None = None,
        groups: int = 1,
        bias: bool = False,
    ) -> Value:
        """A square convolution; `pads` None is the symmetric padding of (kernel - 1) / 2."""
        pads = pads or ((kernel - 1) // 2,) * 4
        inputs = [x.name, self.parameter(f"{name}.weight", (channels, x.channels // groups, kernel, kernel))]
        if bias:
            inputs.append(self.parameter(f"{name}.bias", (channels,)))
        attributes = {"kernel_shape": [kernel] * 2, "strides": [stride] * 2, "pads": list(pads)}
        output = self.node("Conv", inputs, f"{name}/out", group=groups, **attributes)
        return Value(output, channels, *_pooled(x, kernel, stride, pads))

    def batch_norm(self, x: Value, name: str, *, epsilon: float) -> Value:
        """Batch normalisation with the running statistics."""
        parameters = [self.parameter(f"{name}.{part}", (x.channels,)) for part in ("weight", "bias", "running_mean", "running_var")]
        return replace(x, name=self.node("BatchNormalization", [x.name, *parameters], f"{name}/out", epsilon=epsilon))

    def relu(self, x: Value) -> Value:
        """Add a ReLU: negative elements become 0."""
        return replace(x, name=self.node("Relu", [x.name], f"{x.name}/relu"))

    def relu6(self, x: Value) -> Value:
        """Add a ReLU6: elements are limited to 0..6."""
        limits = [self.constant(f"relu6/{limit}", np.array(limit, np.float32)) for limit in (0, 6)]
        return replace(x, name=self.node("Clip", [x.name, *limits], f"{x.name}/relu6"))

    def sigmoid(self, x: Value) -> Value:
        """Add a sigmoid: elements become 0..1."""
        return replace(x, name=self.node("Sigmoid", [x.name], f"{x.name}/sigmoid"))

    def scale(self, x: Value, gate: Value) -> Value:
        """Each channel times its element of `gate`, a value of height and width 1 with as many channels."""
        return replace(x, name=self.node("Mul", [x.name, gate.name], f"{x.name}/scaled"))

    def add(self, x: Value, y: Value) -> Value:
        """The sum of two values of one shape."""
        if replace(x, name=y.name) != y:
            raise ConvertError(f"Cannot add {y} to {x}: their shapes differ.", "Correct the network's description.")
        return replace(x, name=self.node("Add", [x.name, y.name], f"{x.name}/sum"))

    def max_pool(self, x: Value, kernel: int, *, stride: int, pads: Pads) -> Value:
        """Add a max pool: the largest value of each square window."""
        attributes = {"kernel_shape": [kernel] * 2, "strides": [stride] * 2, "pads": list(pads)}
        return Value(self.node("MaxPool", [x.name], f"{x.name}/max", **attributes), x.channels, *_pooled(x, kernel, stride, pads))

    def global_average_pool(self, x: Value) -> Value:
        """The mean of each channel."""
        return Value(self.node("GlobalAveragePool", [x.name], f"{x.name}/mean"), x.channels)

    def gemm(self, x: Value, name: str, features: int, output: str) -> Value:
        """A fully connected layer [N, features] with bias, on a value of height and width 1; its output has the name `output`."""
        flat = self.node("Flatten", [x.name], f"{x.name}/flat", axis=1)
        weight, bias = self.parameter(f"{name}.weight", (features, x.channels)), self.parameter(f"{name}.bias", (features,))
        return Value(self.node("Gemm", [flat, weight, bias], output, transB=1), features)

    def model(self, name: str, source: onnx.ValueInfoProto, result: onnx.ValueInfoProto, facts: Mapping[str, str]) -> onnx.ModelProto:
        """The finished graph, checked; `facts` become its metadata properties. The same calls give the same bytes."""
        graph = helper.make_graph(self._nodes, name, [source], [result])
        opset = [helper.make_opsetid("", OPSET)]
        model = helper.make_model(graph, opset_imports=opset, ir_version=IR_VERSION, producer_name="ascend-classify")
        # Only now, and one by one: each protobuf copies its input, and the weights are nearly the whole size of a model.
        model.graph.initializer.extend(numpy_helper.from_array(np.ascontiguousarray(x), key) for key, x in self._initialisers.items())
        helper.set_model_props(model, dict(facts))
        check_graph(model)
        return model


def same_pads(x: Value, kernel: int, stride: int) -> Pads:
    """TensorFlow's SAME and MindSpore's "same" padding: -(-side // stride) windows, an odd pixel at the bottom and the right."""
    vertical = max((-(-x.height // stride) - 1) * stride + kernel - x.height, 0)
    horizontal = max((-(-x.width // stride) - 1) * stride + kernel - x.width, 0)
    return vertical // 2, horizontal // 2, vertical - vertical // 2, horizontal - horizontal // 2


def _pooled(x: Value, kernel: int, stride: int, pads: Pads) -> tuple[int, int]:
    """(height, width) of the result of a window over the padded value."""
    top, left, bottom, right = pads
    return (x.height + top + bottom - kernel) // stride + 1, (x.width + left + right - kernel) // stride + 1
