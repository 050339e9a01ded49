"""The input of a network, brought to float32 [N, 3, H, W]: layout, type and grey pixels."""

from dataclasses import dataclass

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from convert.conversion_errors import ConvertError
from convert.exports.embedded_recipe import GREY_OF_RGB
from convert.exports.score_probe import takes
from convert.networks.graph_edits import free_name, node, rename, takers
from convert.networks.plain_network import dimensions, image_input, told

TO_NCHW, TO_NHWC = [0, 3, 1, 2], [0, 2, 3, 1]
_TYPES: dict[int, str] = {
    TensorProto.FLOAT: "float32",
    TensorProto.FLOAT16: "float16",
    TensorProto.BFLOAT16: "bfloat16",
    TensorProto.DOUBLE: "float64",
    TensorProto.UINT8: "uint8",
}


@dataclass(frozen=True)
class PixelInput:
    """The picture that a network takes: layout, channels, size (None is free), type by its number in ONNX."""

    channels_last: bool
    channels: int
    batch: int | None
    height: int | None
    width: int | None
    type: int

    def __str__(self) -> str:
        sides = [str(side or "any") for side in (self.height, self.width)]
        shape = [*sides, str(self.channels)] if self.channels_last else [str(self.channels), *sides]
        return f"{_TYPES[self.type]} [{self.batch or 'N'}, {', '.join(shape)}]"


def pixel_input(network: onnx.ModelProto, side_px: int) -> PixelInput:
    """What the network's input is; `side_px` is tried where the file leaves everything open. Raises ConvertError."""
    image = image_input(network).type.tensor_type
    shape = dimensions(image)
    if image.elem_type not in _TYPES or len(shape) != 4:
        raise ConvertError(
            f"The network's input is {told(image)}, not pixels [N, 3, H, W] or [N, H, W, 3].",
            f"Export it for float32 or uint8 pixels. Taken are {', '.join(_TYPES.values())}.",
        )
    batch, *sides = shape
    forms = [
        PixelInput(last, channels, batch, sides[0 if last else 1], sides[1 if last else 2], image.elem_type)
        for last in (False, True)
        for channels in (3, 1)
        if sides[2 if last else 0] in (None, channels)
    ]
    known = [form for form in forms if sides[2 if form.channels_last else 0]]
    working = known or [form for form in forms if _works(network, form, side_px)]
    if not working:
        raise ConvertError(
            f"The network's input is {told(image)}, which has neither 3 nor 1 channels.", "Export it for RGB or grey pixels."
        )
    return working[0]


def _works(network: onnx.ModelProto, form: PixelInput, side_px: int) -> bool:
    sides = [form.height or side_px, form.width or side_px]
    shape = [form.batch or 1, *sides, form.channels] if form.channels_last else [form.batch or 1, form.channels, *sides]
    return takes(network, shape)


def make_plain(network: onnx.ModelProto, form: PixelInput) -> None:
    """Put what is missing between float32 [N, 3, H, W] and the network's own input, in place."""
    graph, source = network.graph, image_input(network).name
    turned = form.channels_last and _without_transposes(graph, source)
    nodes: list[onnx.NodeProto] = []

    def add(operator: str, inputs: list[str], wish: str, attributes: dict[str, int | list[int]]) -> None:
        value = nodes[-1].output[0] if nodes else source
        nodes.append(node(operator, [value, *inputs], free_name(graph, f"plain/{wish}"), attributes))

    if form.channels == 1:
        weights = numpy_helper.from_array(np.array(GREY_OF_RGB, np.float32).reshape(1, 3, 1, 1), free_name(graph, "plain/grey_of_rgb"))
        graph.initializer.append(weights)
        add("Conv", [weights.name], "grey", {"kernel_shape": [1, 1]})
        if form.type == TensorProto.UINT8:
            add("Round", [], "whole", {})
    if form.channels_last and not turned:
        add("Transpose", [], "nhwc", {"perm": TO_NHWC})
    if form.type != TensorProto.FLOAT and any(taker.op_type != "Cast" for taker in takers(graph, source)):
        add("Cast", [], "type", {"to": form.type})
    if nodes:
        rename(graph, source, nodes[-1].output[0])
        nodes[0].input[0] = source
        for place, each in enumerate(nodes):
            graph.node.insert(place, each)
    sizes: list[int | str | None] = [form.batch or "N", 3, form.height or "height", form.width or "width"]
    image_input(network).CopyFrom(helper.make_tensor_value_info(source, TensorProto.FLOAT, sizes))
    graph.ClearField("value_info")


def _without_transposes(graph: onnx.GraphProto, source: str) -> bool:
    """Whether nothing but transposes to NCHW takes the input; they are removed, and the network takes NCHW itself."""
    transposes = takers(graph, source)
    if not all(each.op_type == "Transpose" and _permutation(each) == TO_NCHW for each in transposes):
        return False
    for each in transposes:
        result = each.output[0]
        graph.node.remove(each)
        rename(graph, result, source)
    return True


def _permutation(transpose: onnx.NodeProto) -> list[int]:
    return next((list(attribute.ints) for attribute in transpose.attribute if attribute.name == "perm"), [])
