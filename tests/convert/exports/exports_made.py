"""A small classifier of ten classes, as exporters write it, and what the file itself answers."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from models.manifest import Recipe

CLASSES, SIDE = 10, 32
Step = tuple[str, list[np.ndarray], dict[str, Any]]
"""An operator behind the one before it: its constants and its attributes."""


def step(operator: str, *constants: np.ndarray, **attributes: Any) -> Step:
    return operator, list(constants), attributes


@dataclass(frozen=True)
class Export:
    """`before` stands between the input and the first convolution, `after` behind the logits. Same fields, same file."""

    image: tuple[int | str, ...] = ("N", 3, SIDE, SIDE)
    type: int = TensorProto.FLOAT
    head: str = "gemm"
    before: tuple[Step, ...] = ()
    after: tuple[Step, ...] = ()
    opset: int = 17
    ir: int = 8
    half: bool = False
    channels: int = 3
    source: str = "input"
    outputs: tuple[str, ...] = ()
    parameters_are_inputs: bool = False
    foreign: tuple[str, ...] = ()
    names: dict[str, str] = field(default_factory=dict)

    def model(self) -> onnx.ModelProto:
        chance = np.random.default_rng(0)
        kernel = chance.normal(0, 0.3, (8, self.channels, 3, 3))
        weight = chance.normal(0, 1, (CLASSES, 8))
        constants = {"kernel": kernel, "weight": weight.reshape(CLASSES, 8, 1, 1) if self.head == "conv" else weight, "bias": weight[:, 0]}
        real = np.float16 if self.half else np.float32
        held = {name: value.astype(real) for name, value in constants.items()}
        nodes: list[onnx.NodeProto] = []
        last = self._follow(self.source, self.before, nodes, held)
        convolution: dict[str, Any] = {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 1, 1]}
        nodes.append(helper.make_node("Conv", [last, "kernel"], ["convolved"], **convolution))
        nodes.append(helper.make_node("Relu", ["convolved"], ["relu"]))
        nodes.append(helper.make_node("GlobalAveragePool", ["relu"], ["mean"]))
        self._end(nodes, held)
        last = self._follow("logits", self.after, nodes, held)
        tensors = [numpy_helper.from_array(value, name) for name, value in held.items()]
        image = [helper.make_tensor_value_info(self.source, self.type, list(self.image))]
        if self.parameters_are_inputs:
            image += [helper.make_tensor_value_info(tensor.name, tensor.data_type, tensor.dims) for tensor in tensors]
        bare = [onnx.ValueInfoProto(name=name) for name in (self.outputs or (last,))]
        graph = helper.make_graph(nodes, "net", image, bare, tensors)
        opsets = [helper.make_opsetid("", self.opset), *(helper.make_opsetid(domain, 1) for domain in self.foreign)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=self.ir)
        outputs = onnx.shape_inference.infer_shapes(model, strict_mode=True, data_prop=True).graph.output
        model.graph.ClearField("output")
        model.graph.output.extend(outputs)
        return model

    def _follow(self, value: str, steps: tuple[Step, ...], nodes: list[onnx.NodeProto], held: dict[str, np.ndarray]) -> str:
        for operator, constants, attributes in steps:
            number = len(nodes)
            named = {f"constant{number}_{place}": constant for place, constant in enumerate(constants)}
            held |= named
            result = self.names.get(operator, f"value{number}")
            nodes.append(helper.make_node(operator, [value, *named], [result], **attributes))
            value = result
        return value

    def _end(self, nodes: list[onnx.NodeProto], held: dict[str, np.ndarray]) -> None:
        """From the mean to the logits."""
        if self.head == "conv":
            nodes.append(helper.make_node("Conv", ["mean", "weight", "bias"], ["logits"]))
            return
        if self.head == "gemm":
            nodes.append(helper.make_node("Flatten", ["mean"], ["flat"]))
        elif self.head in ("one row", "four rows"):  # x.view(1, -1): the batch is built in
            held["row"] = np.array([1 if self.head == "one row" else 4, -1])
            nodes.append(helper.make_node("Reshape", ["mean", "row"], ["flat"]))
        else:  # x.view(x.size(0), -1)
            held |= {"first": np.array(0), "rest": np.array([-1]), "axis": np.array([0])}
            nodes.append(helper.make_node("Shape", ["mean"], ["shape"]))
            nodes.append(helper.make_node("Gather", ["shape", "first"], ["size"]))
            nodes.append(helper.make_node("Unsqueeze", ["size", "axis"], ["batch"]))
            nodes.append(helper.make_node("Concat", ["batch", "rest"], ["sides"], axis=0))
            nodes.append(helper.make_node("Reshape", ["mean", "sides"], ["flat"]))
        nodes.append(helper.make_node("Gemm", ["flat", "weight", "bias"], ["logits"], transB=1))

    def write(self, path: Path, *, beside: bool = False) -> Path:
        """Write the file; with `beside` its weights are in `NAME.data`, as torch's exporter does by default."""
        extra: dict[str, Any] = {"save_as_external_data": True, "location": f"{path.name}.data", "size_threshold": 0} if beside else {}
        onnx.save(self.model(), path, **extra)
        return path

    def answers(self, pixels: np.ndarray, recipe: Recipe) -> np.ndarray:
        """What ONNX's reference implementation answers for uint8 BGR pixels [N, H, W, 3], [N, scores]."""
        image = pixels[..., ::-1].astype(np.float64)
        if self.channels == 1:
            image = image @ np.array([[0.299], [0.587], [0.114]])
            image = np.rint(image) if self.type == TensorProto.UINT8 else image
        image = (image - np.array(recipe.mean[: self.channels])) / np.array(recipe.std[: self.channels])
        if self.image[-1] not in (self.channels, "c"):
            image = image.transpose(0, 3, 1, 2)
        run: Any = ReferenceEvaluator(self.model())
        fed = image.astype(helper.tensor_dtype_to_np_dtype(self.type))
        rows = [run.run(None, {self.source: one[None]})[0] for one in fed]
        return np.array(rows, np.float64).reshape(len(pixels), -1)
