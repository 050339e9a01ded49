"""The facts about an ONNX file, read without its weights."""

import math
from dataclasses import dataclass, field
from pathlib import Path

from convert.conversion_errors import ConvertError
from convert.inspection.protobuf_fields import NOTHING, FieldSpan, ProtobufFile

RECIPE = "recipe/"  # the prefix of the names of folded operations
MAX_METADATA = 64
MAX_DIMENSIONS = 8
MAX_TENSORS = 20_000  # ResNeXt-101 has 520

# FieldSpan numbers in onnx.proto.
_IR_VERSION, _PRODUCER, _GRAPH, _OPSET, _METADATA = 1, 2, 7, 8, 14
_NODE, _INITIALIZER, _INPUT, _OUTPUT = 1, 5, 11, 12
_NODE_OUTPUT = 2
_DIMS, _TENSOR_NAME, _DATA, _LOCATION = 1, 8, (4, 5, 6, 7, 9, 10, 11), 14
_TYPES = {1: "float32", 2: "uint8", 3: "int8", 4: "uint16", 5: "int16", 6: "int32", 7: "int64", 9: "bool", 10: "float16"} | {
    11: "float64",
    16: "bfloat16",
}


@dataclass(frozen=True)
class TensorFacts:
    """An input or output; a text in the shape is the name of a free dimension."""

    name: str
    type: str
    shape: tuple[int | str, ...]

    def __str__(self) -> str:
        return f"{self.name} {self.type} [{', '.join(map(str, self.shape))}]"


@dataclass
class OnnxFacts:
    """`folded` says whether a recipe is folded in; `parameters` counts numbers, without the recipe's."""

    ir_version: int = 0
    producer: str = ""
    opsets: dict[str, int] = field(default_factory=dict)
    inputs: list[TensorFacts] = field(default_factory=list)
    outputs: list[TensorFacts] = field(default_factory=list)
    nodes: int = 0
    parameters: int = 0
    parameter_bytes: int = 0
    metadata: dict[str, str] = field(default_factory=dict)
    folded: bool = False
    external: bool = False


def read_onnx_facts(path: Path) -> OnnxFacts:
    """The facts of a file; raises ConvertError, with the byte position, if it is not an ONNX model; raises OSError."""
    facts, graphs = OnnxFacts(), 0
    with path.open("rb") as file:
        proto = ProtobufFile(file, path.stat().st_size)
        for each in proto.fields(proto.whole):
            if each.number == _IR_VERSION:
                facts.ir_version = each.value
            elif each.number == _PRODUCER:
                facts.producer = proto.text(each)
            elif each.number == _OPSET:
                facts.opsets[proto.text(_part(proto, each, 1))] = _part(proto, each, 2).value
            elif each.number == _METADATA and len(facts.metadata) < MAX_METADATA:
                facts.metadata[proto.text(_part(proto, each, 1))] = proto.text(_part(proto, each, 2))
            elif each.number == _GRAPH:
                graphs += 1
                _read_graph(proto, each, facts)
    if graphs != 1:
        raise ConvertError("The file has no graph.", "Give an ONNX model.")
    return facts


def _read_graph(proto: ProtobufFile, graph: FieldSpan, facts: OnnxFacts) -> None:
    initialisers = set()
    for each in proto.fields(graph):
        if each.number == _NODE:
            facts.nodes += 1
            facts.folded |= any(proto.text(part).startswith(RECIPE) for part in proto.fields(each) if part.number == _NODE_OUTPUT)
        elif each.number == _INITIALIZER:
            initialisers.add(_read_initialiser(proto, each, facts))
        elif each.number in (_INPUT, _OUTPUT):
            (facts.inputs if each.number == _INPUT else facts.outputs).append(_tensor(proto, each))
        if len(initialisers) + len(facts.inputs) + len(facts.outputs) > MAX_TENSORS:
            raise ConvertError(f"It has more than {MAX_TENSORS} tensors.", "No classification network has as many.")
    facts.inputs = [tensor for tensor in facts.inputs if tensor.name not in initialisers]


def _read_initialiser(proto: ProtobufFile, message: FieldSpan, facts: OnnxFacts) -> str:
    dims: list[int] = []
    name, size = "", 0
    for each in proto.fields(message):
        if each.number == _DIMS:
            dims += proto.numbers(each)
        elif each.number == _TENSOR_NAME:
            name = proto.text(each)
        elif each.number == _LOCATION:
            facts.external |= each.value == 1
        elif each.number in _DATA:
            size += each.size
    if not name.startswith(RECIPE) and 0 < len(dims) <= MAX_DIMENSIONS:  # a single number is a limit, for example ReLU6's
        facts.parameters += math.prod(dims)
        facts.parameter_bytes += size
    return name


def _tensor(proto: ProtobufFile, message: FieldSpan) -> TensorFacts:
    """Read a ValueInfoProto: name = 1, type = 2 (tensor_type = 1 (elem_type = 1, shape = 2 (dim = 1 (value = 1, param = 2))))."""
    name, tensor_type = _part(proto, message, 1), _part(proto, _part(proto, message, 2), 1)
    kind, shape = _part(proto, tensor_type, 1).value, _part(proto, tensor_type, 2)
    dimensions = tuple(_dimension(proto, each) for each in proto.fields(shape) if each.number == 1)
    return TensorFacts(proto.text(name), _TYPES.get(kind, f"type {kind}"), dimensions)


def _part(proto: ProtobufFile, message: FieldSpan, number: int) -> FieldSpan:
    """The first field with that number, or an empty one."""
    return next((each for each in proto.fields(message) if each.number == number), NOTHING)


def _dimension(proto: ProtobufFile, message: FieldSpan) -> int | str:
    return _part(proto, message, 1).value or proto.text(_part(proto, message, 2)) or "?"
