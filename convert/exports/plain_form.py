"""Brings an export into the plain form: float32 [N, 3, H, W] in, float32 [N, classes] of logits out."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import onnx
from onnx import TensorProto, helper

from convert.conversion_errors import ConvertError
from convert.exports.chosen_output import choose_output
from convert.exports.embedded_recipe import Embedded, PixelRange, embedded_recipe, pixel_range
from convert.exports.export_file import read_export
from convert.exports.pixel_input import make_plain, pixel_input
from convert.exports.score_end import end_in_logits
from convert.exports.score_probe import mixes
from convert.exports.score_tail import find_tail
from convert.exports.score_type import ScoreType
from convert.networks.graph_edits import free_name, node, set_output
from convert.networks.plain_network import InferenceRefused, check_plain, dimensions, image_input, infer_result, shape_in_openvino

DEFAULT_SIDE_PX = 224
_WHOLE = (TensorProto.UINT8, TensorProto.INT8, TensorProto.UINT16, TensorProto.INT16, TensorProto.INT32, TensorProto.INT64)


@dataclass(frozen=True)
class PlainForm:
    """A network in plain form; `pixels`, `embedded` and `grey` say what of the recipe it does itself, `told` what was found and done.

    `embedded` is its arithmetic on pixels in words, empty if there is none; `layout` is that of the file.
    """

    network: onnx.ModelProto
    pixels: PixelRange
    embedded: str
    grey: bool
    told: str
    layout: Literal["NCHW", "NHWC"]


def read_plain(path: Path, *, output: str | None = None, score_type: ScoreType | None = None, side_px: int | None = None) -> PlainForm:
    """The network of an ONNX file in plain form; raises CheckpointRefused, ConvertError.

    `output` names the value with the scores, `score_type` says what they are where their behaviour does not; `side_px` is taken
    where the network allows every size.
    """
    return plain_form(read_export(path), output=output, score_type=score_type, side_px=side_px)


def plain_form(
    network: onnx.ModelProto, *, output: str | None = None, score_type: ScoreType | None = None, side_px: int | None = None
) -> PlainForm:
    """The same of a network that is read already, which is changed; raises ConvertError."""
    choose_output(network, output)
    form = pixel_input(network, side_px or DEFAULT_SIDE_PX)
    source = image_input(network)
    embedded = embedded_recipe(network, source.name, form.channels)
    pixels = pixel_range(source, embedded)
    make_plain(network, form)
    shape = (form.batch or 1, 3, form.height or side_px or DEFAULT_SIDE_PX, form.width or side_px or DEFAULT_SIDE_PX)
    classes, found = end_in_logits(network, shape, pixels, score_type)
    _end_in_rows(network, shape, classes)
    alone = mixes(network, shape, pixels)
    if alone:
        _take_one(network, shape, classes)
    check_plain(network)
    facts = [
        f"pixels {form}",
        *_pixels_told(pixels, embedded),
        *(["grey: the three channels are weighed"] * (form.channels == 1)),
    ]
    if alone:
        facts.append("the pictures of a batch change one another's scores, so it takes one at a time")
    told = f"Its form: {'; '.join(facts)}; {found}."
    return PlainForm(network, pixels, str(embedded or ""), form.channels == 1, told, "NHWC" if form.channels_last else "NCHW")


def _take_one(network: onnx.ModelProto, shape: tuple[int, int, int, int], classes: int) -> None:
    """Make a network refuse batches; raises ConvertError if it takes nothing else."""
    if shape[0] != 1:
        raise ConvertError(
            f"The network takes {shape[0]} pictures at a time, and they change one another's scores.",
            "Export it in evaluation mode, for a batch of 1, with an output of [N, classes].",
        )
    graph = network.graph
    row = helper.make_tensor(free_name(graph, "plain/row"), TensorProto.INT64, [2], [1, classes])
    graph.initializer.append(row)
    graph.node.append(node("Reshape", [graph.output[0].name, row.name], free_name(graph, "plain/alone")))
    set_output(graph, helper.make_tensor_value_info(graph.node[-1].output[0], TensorProto.FLOAT, [1, classes]))
    image_input(network).type.tensor_type.shape.dim[0].dim_value = 1


def _pixels_told(pixels: PixelRange, embedded: Embedded | None) -> list[str]:
    if pixels == "recipe":
        return []
    if pixels == "unclear":
        return [f"it begins with {embedded}, behind the normalisation of the recipe"]
    inside = f"it normalises them itself ({embedded})" if embedded else "it takes them as they are"
    return [f"{inside}, so the recipe only brings them to {pixels.replace('-', '..')}"]


def _end_in_rows(network: onnx.ModelProto, shape: tuple[int, int, int, int], classes: int) -> None:
    """Make the output float32 [N, classes], whatever shape and type it has."""
    graph = network.graph
    value = graph.output[0].name
    try:
        result = infer_result(network, shape)
        kind, sides = result.elem_type, dimensions(result)
    except InferenceRefused:
        kind, sides = TensorProto.UNDEFINED, []
    if kind in _WHOLE:
        raise ConvertError(
            f"The scores are whole numbers ({TensorProto.DataType.Name(kind).lower()}), of which nothing says the scale.",
            f"Take the value before they are rounded: --output {find_tail(graph).value!r}",
        )
    if kind != TensorProto.FLOAT:
        graph.node.append(node("Cast", [value], free_name(graph, "plain/float"), {"to": TensorProto.FLOAT}))
        value = graph.node[-1].output[0]
    if not sides or None in sides:
        sides = shape_in_openvino(network, shape)
    if len([side for side in sides if side not in (None, 1)]) > (1 if shape[0] == 1 else 2):
        raise ConvertError(
            f"The output {value!r} is {sides} for {shape[0]} picture{'s' * (shape[0] > 1)}: scores for several places or of several heads.",
            "Export a network with one score for each class of a picture, or name one with --output.",
        )
    if sides != [shape[0], classes]:
        rows = helper.make_tensor(free_name(graph, "plain/rows"), TensorProto.INT64, [2], [-1, classes])
        graph.initializer.append(rows)
        graph.node.append(node("Reshape", [value, rows.name], free_name(graph, "plain/scores")))
        value = graph.node[-1].output[0]
    set_output(graph, helper.make_tensor_value_info(value, TensorProto.FLOAT, None))
