"""A network as frameworks export it: from float32 pixels [N, 3, H, W], normalised, to float32 logits [N, classes].

Nothing here copies or serialises the weights, nearly the whole size of a model: shapes are inferred on the graph's skeleton.
"""

import math
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path

import onnx
from onnx import AttributeProto, TensorProto, helper

from convert.conversion_errors import ConvertError
from models.printable import printable

MAX_FILE_BYTES = 1 << 30
MIN_OPSET = 11  # ATC's minimum, and the oldest opset in which all operators of the recipe have their present form
_SMALL = 1024  # elements; shapes and axes, whose values shape inference needs, have fewer
DOMAINS = ("", "ai.onnx")  # the two names of ONNX's own operators
# ValueError: protobuf cannot report a name that is not UTF-8.
_REFUSALS = (onnx.checker.ValidationError, onnx.shape_inference.InferenceError, ValueError, RuntimeError)


def is_onnx(path: Path) -> bool:
    """Whether the file begins like an ONNX model: protobuf, with a small number in field 1 (its version).

    A safetensors file can begin with the same byte, but its ninth byte is a brace.
    """
    with path.open("rb") as file:
        head = file.read(9)
    return head[:1] == b"\x08" and 0 < int.from_bytes(head[1:2], "big") < 0x80 and head[8:9] != b"{"


def image_input(model: onnx.ModelProto) -> onnx.ValueInfoProto:
    """The only input that is not a parameter; raises ConvertError if there are none or several."""
    parameters = {tensor.name for tensor in model.graph.initializer}
    inputs: list[onnx.ValueInfoProto] = [value for value in model.graph.input if value.name not in parameters]
    if len(inputs) != 1:
        raise ConvertError(
            f"The network has {len(inputs)} inputs ({', '.join(printable(value.name) for value in inputs[:5])}), not one image.",
            "Export it with the picture as its only input, and the others as constants.",
        )
    return inputs[0]


def check_plain(model: onnx.ModelProto) -> None:
    """Raise ConvertError unless the graph is complete, in one file, and has the input and output that the module describes."""
    if (opset := opset_of(model)) < MIN_OPSET:
        raise ConvertError(f"The network is written in ONNX opset {opset or 'none'}.", f"Export it in opset {MIN_OPSET} or newer.")
    if any(tensor.data_location == TensorProto.EXTERNAL for tensor in model.graph.initializer):
        raise ConvertError("The network keeps its weights in other files.", "Save it as one ONNX file.")
    check_flow(model)
    image = image_input(model).type.tensor_type
    if image.elem_type == TensorProto.UINT8:
        raise ConvertError(
            "The network takes uint8 pixels: a recipe is already folded in.", "Give the plain network, float32 [N, 3, H, W]."
        )
    channels = dimensions(image)[1:2]
    if image.elem_type != TensorProto.FLOAT or len(image.shape.dim) != 4 or channels not in ([3], [None]):
        raise ConvertError(f"The network's input is {told(image)}, not float32 [N, 3, H, W].")

    outputs = model.graph.output
    if len(outputs) != 1 or outputs[0].type.tensor_type.elem_type != TensorProto.FLOAT:
        listed = ", ".join(f"{printable(value.name)} {told(value.type.tensor_type)}" for value in outputs) or "none"
        raise ConvertError(f"The network's outputs are {listed}, not one of float32 logits.")
    last = next((node for node in model.graph.node if outputs[0].name in node.output), None)
    if last is None:
        raise ConvertError(f"No node computes the network's output {outputs[0].name!r}.")
    if last.op_type == "Softmax":
        raise ConvertError("The network ends in a Softmax, and the post-processing would apply it again.", "Export its logits.")


def opset_of(model: onnx.ModelProto) -> int:
    """The version of ONNX's own operators, 0 if the model does not say it."""
    return next((opset.version for opset in model.opset_import if opset.domain in DOMAINS), 0)


def check_flow(model: onnx.ModelProto) -> None:
    """Raise ConvertError if the graph has branches or loops."""
    nodes = (*model.graph.node, *(node for function in model.functions for node in function.node))
    if any(a.type in (AttributeProto.GRAPH, AttributeProto.GRAPHS) for node in nodes for a in node.attribute):
        raise ConvertError("The network has branches or loops (If, Loop, Scan).", "Export it without control flow.")


def check_graph(model: onnx.ModelProto) -> None:
    """Raise ConvertError for an invalid graph: unknown operators, undefined values, shapes that do not fit."""
    try:
        onnx.checker.check_model(_skeleton(model), full_check=True)
    except _REFUSALS as error:
        raise ConvertError(f"The network's graph is not valid: {first_line(error)}.") from error


def weights_sha256(model: onnx.ModelProto) -> str:
    """Hex sha256 of the weights without their names: equal for two exports, or two files, of one network."""
    digests = sorted(sha256(tensor.raw_data or tensor.SerializeToString()).digest() for tensor in model.graph.initializer)
    return sha256(b"".join(digests)).hexdigest()


def input_size_px(model: onnx.ModelProto) -> tuple[int, int] | None:
    """(width, height) of the network's pictures, or None if every size is allowed."""
    height, width = dimensions(image_input(model).type.tensor_type)[2:]
    return (width, height) if width and height else None


def classes_for(model: onnx.ModelProto, batch: int, width: int, height: int) -> int:
    """The number of classes that the network returns for a batch of that many pictures.

    Raises ConvertError if the graph does not work for this batch (an export can fix the batch size), or if its result
    is not [batch, classes].
    """
    try:
        result = infer_result(model, [batch, 3, height, width])
    except InferenceRefused as error:
        raise ConvertError(f"The network cannot take {batch} pictures of {width}x{height}: {error}.") from error
    found = dimensions(result)
    if not found or None in found:  # the export computes a shape in a way that ONNX's inference does not follow, as torch does for ConvNeXt
        found = shape_in_openvino(model, [batch, 3, height, width]) or found
    if len(found) != 2 or found[1] is None:
        raise ConvertError(
            f"The network's result is {found}, not [N, classes].", "Export it for a fixed image size, and simplify the graph."
        )
    if found[0] != batch:
        raise ConvertError(
            f"For {batch} pictures the network returns {found[0]} rows.",
            f"Its batch size is fixed: take --batch-sizes {found[0] or 1}, or export it with a free one.",
        )
    return found[1]


class InferenceRefused(Exception):
    """The graph does not work for an input of this shape; the text says why."""


def infer_result(model: onnx.ModelProto, shape: Sequence[int]) -> onnx.TypeProto.Tensor:
    """Type and shape of the output for an input of this shape; raises InferenceRefused."""
    skeleton = _skeleton(model)
    set_dimensions(skeleton.graph.input[0], shape)
    skeleton.graph.output[0].ClearField("type")
    try:
        inferred = onnx.shape_inference.infer_shapes(skeleton, check_type=True, strict_mode=True, data_prop=True)
    except _REFUSALS as error:
        raise InferenceRefused(first_line(error)) from error
    result: onnx.TypeProto.Tensor = inferred.graph.output[0].type.tensor_type
    return result


def shape_in_openvino(model: onnx.ModelProto, shape: Sequence[int]) -> list[int | None]:
    """The shape of the output as OpenVINO finds it, [] if it does not; this copies the weights."""
    from pipelines.cpu.quiet_openvino import ov

    try:
        network = ov.Core().read_model(model.SerializeToString())
        network.reshape({network.input(0): list(shape)})
    except (RuntimeError, ValueError):
        return []
    return [side.get_length() if side.is_static else None for side in network.output(0).get_partial_shape()]


def set_dimensions(value: onnx.ValueInfoProto, shape: Sequence[int | str | None]) -> None:
    """Give a value its shape; a text is the name of a free dimension."""
    value.type.tensor_type.shape.CopyFrom(helper.make_tensor_type_proto(TensorProto.FLOAT, shape).tensor_type.shape)


def dimensions(tensor: onnx.TypeProto.Tensor) -> list[int | None]:
    """The shape; None is a free dimension."""
    return [dim.dim_value if dim.HasField("dim_value") and dim.dim_value > 0 else None for dim in tensor.shape.dim]


def names(graph: onnx.GraphProto) -> Iterator[str]:
    """Every name of a value in the graph, some several times."""
    for node in graph.node:
        yield from node.input
        yield from node.output
    yield from (tensor.name for tensor in graph.initializer)
    yield from (sparse.values.name for sparse in graph.sparse_initializer)
    yield from (value.name for value in (*graph.input, *graph.output))


def _skeleton(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model with the image as first input, large parameters as further inputs, and without shapes of its other values."""
    bare = onnx.ModelProto(ir_version=max(model.ir_version, 4), opset_import=model.opset_import, functions=model.functions)
    bare.graph.name = "skeleton"
    bare.graph.node.extend(model.graph.node)
    bare.graph.sparse_initializer.extend(model.graph.sparse_initializer)
    bare.graph.input.append(image_input(model))
    for tensor in model.graph.initializer:
        if math.prod(tensor.dims) <= _SMALL:
            bare.graph.initializer.append(tensor)
        else:
            bare.graph.input.append(helper.make_tensor_value_info(tensor.name, tensor.data_type, tensor.dims))
    bare.graph.output.extend(model.graph.output)
    return bare


def told(tensor: onnx.TypeProto.Tensor) -> str:
    """The type and the shape in words."""
    shape = ", ".join("?" if side is None else str(side) for side in dimensions(tensor))
    kinds = {number: kind.lower() for kind, number in TensorProto.DataType.items()}
    return f"{kinds.get(tensor.elem_type, 'of an unknown type')} [{shape}]"


def first_line(error: Exception) -> str:
    """What an exception says, in one line without a full stop."""
    return next((printable(line.strip()) for line in str(error).splitlines() if line.strip()), type(error).__name__).rstrip(".")
