"""Folds a recipe into a plain network, so that the network takes the same pixels as an OM with AIPP; and removes it again."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from convert.conversion_errors import ConvertError
from convert.networks.graph_edits import free_name, node, rename
from convert.networks.plain_network import check_plain, classes_for, dimensions, image_input, input_size_px, names
from models.artifact_facts import FACTS
from models.manifest import ModelManifest, Recipe

INPUT = "image"
OUTPUT = "scores"
PREFIX = "recipe/"
NORMALISED = "recipe/normalised"  # the network's own input
BATCH = "N"  # the name of a free batch dimension
OWN_MODEL = "Import it as a model of its own: ascend-classify convert import FILE NAME"


def fold(
    network: onnx.ModelProto, manifest: ModelManifest, batch_sizes: tuple[int, ...], precision: Literal["f32", "int8"] = "f32"
) -> onnx.ModelProto:
    """Put the recipe before a plain network, in place, and return it; the weights are not copied.

    Then the input is "image", uint8 [N, H, W, 3] BGR with H and W of `recipe.input_size_px`; the output is "scores",
    float32 [N, classes], logits. N is fixed for a single batch size; for several it is free, and the metadata hold them
    as `batch_sizes`. They also hold `precision`, that of the network, unless it is f32. The opset does not change.
    Raises ConvertError, before any change, if the network is not plain (see plain_network), does not work for these batch sizes,
    or does not fit the manifest.
    """
    if not batch_sizes or batch_sizes[0] < 1 or sorted(set(batch_sizes)) != list(batch_sizes):
        raise ConvertError(f"The batch sizes {batch_sizes} must be positive and in rising order.", "Try for example 1,2,4,8.")
    check_plain(network)
    check_fits(network, manifest, batch_sizes)
    graph, source = network.graph, image_input(network).name
    _clear_names(graph, source)

    moved = free_name(graph, "network/source")  # the input of a foreign file may be named as the output is here
    rename(graph, source, moved)
    rename(graph, graph.output[0].name, OUTPUT)
    rename(graph, moved, NORMALISED)
    nodes, constants = _recipe(manifest.recipe)
    for place, each in enumerate(nodes):
        graph.node.insert(place, each)
    graph.initializer.extend(constants)
    width, height = manifest.recipe.input_size_px
    batch = batch_sizes[0] if len(batch_sizes) == 1 else BATCH
    _declare(network, helper.make_tensor_value_info(INPUT, TensorProto.UINT8, [batch, height, width, 3]), [batch, manifest.classes])
    told = "" if precision == "f32" else precision
    facts = (manifest.name, manifest.version, manifest.recipe.sha256, ",".join(map(str, batch_sizes)), told)
    helper.set_model_props(network, {**_foreign_facts(network), **{name: fact for name, fact in zip(FACTS, facts, strict=True) if fact}})
    return network


def unfold(artifact: onnx.ModelProto) -> onnx.ModelProto:
    """Remove the recipe from a model made by `fold`, in place, and return the plain network.

    Its input is "image", float32 [N, 3, H, W], normalised; its output "scores", float32 [N, classes]. N is free, unless the
    network works only for its one batch size. Raises ConvertError if `fold` did not make the recipe.
    """
    graph = artifact.graph
    recipe = [node for node in graph.node if any(name.startswith(PREFIX) for name in node.output)]
    image = graph.input[0] if len(graph.input) == 1 and graph.input[0].name == INPUT else None
    shape = dimensions(image.type.tensor_type) if image else []
    results = [output for node in recipe for output in node.output]
    if len(shape) != 4 or results[-1:] != [NORMALISED] or list(graph.node[: len(recipe)]) != recipe or len(graph.output) != 1:
        raise ConvertError("This ONNX file is not an artifact of this project: it has no folded recipe.", "Write one with: convert cpu")
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer if tensor.name.startswith(PREFIX)}
    height, width = shape[1:3]
    if "recipe/crop_end" in constants:
        height, width = (int(side) for side in constants["recipe/crop_end"] - constants["recipe/crop_start"])

    del graph.node[: len(recipe)]
    for place in reversed([place for place, tensor in enumerate(graph.initializer) if tensor.name in constants]):
        del graph.initializer[place]
    rename(graph, NORMALISED, INPUT)
    fixed, classes = shape[0], dimensions(graph.output[0].type.tensor_type)[1]
    _declare(artifact, _plain_image(BATCH, height, width), [BATCH, classes])
    if fixed and not _works_for(artifact, fixed + 1):
        _declare(artifact, _plain_image(fixed, height, width), [fixed, classes])
    helper.set_model_props(artifact, _foreign_facts(artifact))
    return artifact


def _recipe(recipe: Recipe) -> tuple[list[onnx.NodeProto], list[TensorProto]]:
    """Nodes from the input's pixels to the network's input: crop, NCHW, colour order, (x - mean) / std."""
    mean, std = (np.array(triple, np.float32).reshape(1, 3, 1, 1) for triple in (recipe.mean, recipe.std))
    constants = {"recipe/mean": mean, "recipe/std": std}
    steps: list[tuple[str, str, list[str], dict[str, int | list[int]]]] = []
    (width, height), (network_width, network_height) = recipe.input_size_px, recipe.network_size_px
    if (width, height) != (network_width, network_height):
        start = np.array([(height - network_height) // 2, (width - network_width) // 2])  # AIPP's load_start_pos
        end = start + np.array([network_height, network_width])
        constants |= {"recipe/crop_start": start, "recipe/crop_end": end, "recipe/crop_axes": np.array([1, 2])}
        steps.append(("Slice", "recipe/crop", ["recipe/crop_start", "recipe/crop_end", "recipe/crop_axes"], {}))
    steps.append(("Cast", "recipe/float", [], {"to": TensorProto.FLOAT}))
    steps.append(("Transpose", "recipe/nchw", [], {"perm": [0, 3, 1, 2]}))
    if recipe.colour_order == "RGB":
        # To permute the first convolution's weights would save this node, but then its parameters would differ from the
        # checkpoint's. In OpenVINO (f32, one thread, 224x224) the node costs 0.02 ms here, 0.24 ms on the uint8 pixels and
        # 0.43 ms as a slice of step -1; EfficientNet-Lite0 as a whole takes 9.8 ms in each case.
        constants["recipe/bgr_to_rgb"] = np.array([2, 1, 0])
        steps.append(("Gather", "recipe/rgb", ["recipe/bgr_to_rgb"], {"axis": 1}))
    steps.append(("Sub", "recipe/centred", ["recipe/mean"], {}))
    steps.append(("Div", NORMALISED, ["recipe/std"], {}))
    sources = [INPUT, *(output for _, output, _, _ in steps)]
    nodes = [
        node(operator, [source, *inputs], output, attributes)
        for source, (operator, output, inputs, attributes) in zip(sources, steps, strict=False)
    ]
    return nodes, [numpy_helper.from_array(value, name) for name, value in constants.items()]


def check_fits(network: onnx.ModelProto, manifest: ModelManifest, batch_sizes: Sequence[int]) -> None:
    """Raise ConvertError unless the network has the manifest's size, and its classes for these batch sizes."""
    size = manifest.recipe.network_size_px
    if (found := input_size_px(network) or size) != size:
        raise ConvertError(
            f"The network takes {found[0]}x{found[1]}, but the recipe of {manifest.name!r} gives {size[0]}x{size[1]}.", OWN_MODEL
        )
    for batch in batch_sizes:
        if (classes := classes_for(network, batch, *size)) != manifest.classes:
            raise ConvertError(
                f"The network has {classes} classes, but the manifest of {manifest.name!r} has {manifest.classes}.", OWN_MODEL
            )


def _clear_names(graph: onnx.GraphProto, source: str) -> None:
    """Give inner values other names if folding needs theirs."""
    kept = set(names(graph)) - {source, graph.output[0].name}
    for name in sorted(kept):
        if name in (INPUT, OUTPUT) or name.startswith(PREFIX):
            rename(graph, name, free_name(graph, f"network/{name}"))


def _plain_image(batch: int | str, height: int | None, width: int | None) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, [batch, 3, height, width])


def _works_for(network: onnx.ModelProto, batch: int) -> bool:
    size = input_size_px(network)
    try:
        return size is not None and classes_for(network, batch, *size) > 0
    except ConvertError:
        return False


def _declare(model: onnx.ModelProto, image: onnx.ValueInfoProto, scores: Sequence[int | str | None]) -> None:
    """Set the graph's one input and one output; removes the shapes of inner values, which may belong to another batch size."""
    graph = model.graph
    model.ir_version = max(model.ir_version, 4)  # in older versions parameters had to be inputs too
    graph.ClearField("input")
    graph.ClearField("output")
    graph.ClearField("value_info")
    graph.input.append(image)
    graph.output.append(helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, scores))


def _foreign_facts(model: onnx.ModelProto) -> dict[str, str]:
    return {fact.key: fact.value for fact in model.metadata_props if fact.key not in FACTS}
