"""Writes the host artifact: an ONNX file that takes the pixels an OM with AIPP takes, the recipe folded in."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper

from convert.architectures import network
from convert.errors import ConvertError
from convert.graph import GraphBuilder, Parameters, Value
from models.manifest import Artifact, ModelManifest, Recipe
from models.store import sha256_of

INPUT = "image"
OUTPUT = "scores"
FILE_MODE = 0o640  # no more than the vendor's runtime allows for an OM, so that one rule covers all artifacts


def write_host_artifact(manifest: ModelManifest, weights: Mapping[str, np.ndarray], path: Path, batch_sizes: tuple[int, ...]) -> Artifact:
    """Write the ONNX file for a CPU and answer its entry for the manifest.

    Input "image": uint8 [N, H, W, 3] BGR, H and W those of `recipe.input_size_px`; output "scores": float32 [N, classes],
    logits. N is fixed for a single batch size and free for several, which then stand in the metadata as `batch_sizes`.
    The same arguments give the same bytes; after a failure no file, or the former one, is at `path`. Raises ConvertError.
    """
    model = host_model(manifest, weights, batch_sizes)
    unfinished = path.with_name(path.name + ".tmp")
    try:
        with unfinished.open("wb") as file:
            file.write(model.SerializeToString(deterministic=True))
        unfinished.chmod(FILE_MODE)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    return Artifact(file=path.name, sha256=sha256_of(path), soc="host", batch_sizes=batch_sizes)


def host_model(manifest: ModelManifest, weights: Mapping[str, np.ndarray], batch_sizes: tuple[int, ...]) -> onnx.ModelProto:
    """The graph that `write_host_artifact` writes; raises ConvertError."""
    if not batch_sizes or batch_sizes[0] < 1 or sorted(set(batch_sizes)) != list(batch_sizes):
        raise ConvertError(f"The batch sizes {batch_sizes} are not rising positive numbers.", "Try for example 1,2,4,8.")
    parameters = Parameters(weights)
    graph = GraphBuilder(parameters)
    scores = network(manifest.architecture)(graph, fold_recipe(graph, manifest.recipe), manifest.classes)
    parameters.check_all_used()
    if scores.name != OUTPUT:
        raise ConvertError(f"The architecture {manifest.architecture!r} names its output {scores.name!r}, not {OUTPUT!r}.")

    batch = batch_sizes[0] if len(batch_sizes) == 1 else "N"
    width, height = manifest.recipe.input_size_px
    facts = {
        "model": manifest.name,
        "version": manifest.version,
        "recipe_sha256": manifest.recipe.sha256,
        "batch_sizes": ",".join(map(str, batch_sizes)),
    }
    pixels = helper.make_tensor_value_info(INPUT, TensorProto.UINT8, [batch, height, width, 3])
    logits = helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, [batch, manifest.classes])
    return graph.model(manifest.name, pixels, logits, facts)


def fold_recipe(graph: GraphBuilder, recipe: Recipe) -> Value:
    """From the input's pixels to what the network sees: crop, NCHW, colour order, (x - mean) / std."""
    x = _crop(graph, recipe)
    x = graph.node("Cast", [x], "recipe/float", to=TensorProto.FLOAT)
    x = graph.node("Transpose", [x], "recipe/nchw", perm=[0, 3, 1, 2])
    if recipe.colour_order == "RGB":
        # Permuting the first convolution's weights instead would save this node, but its parameters would no longer be the
        # checkpoint's. In OpenVINO (f32, one thread, 224x224) the node costs 0.02 ms here, 0.24 ms on the uint8 pixels and
        # 0.43 ms as a slice of step -1; EfficientNet-Lite0 as a whole takes 9.8 ms either way.
        x = graph.node("Gather", [x, graph.constant("recipe/bgr_to_rgb", np.array([2, 1, 0]))], "recipe/rgb", axis=1)
    mean, std = (np.array(triple, np.float32).reshape(1, 3, 1, 1) for triple in (recipe.mean, recipe.std))
    x = graph.node("Sub", [x, graph.constant("recipe/mean", mean)], "recipe/centred")
    x = graph.node("Div", [x, graph.constant("recipe/std", std)], "recipe/normalised")
    width, height = recipe.network_size_px
    return Value(x, 3, height, width)


def _crop(graph: GraphBuilder, recipe: Recipe) -> str:
    """The centre crop where it is the model's business; equal to AIPP's crop, load_start_pos = (resize - crop) // 2."""
    (width, height), (network_width, network_height) = recipe.input_size_px, recipe.network_size_px
    if (width, height) == (network_width, network_height):
        return INPUT
    start = np.array([(height - network_height) // 2, (width - network_width) // 2])
    end = start + np.array([network_height, network_width])
    bounds = {"start": start, "end": end, "axes": np.array([1, 2])}
    return graph.node("Slice", [INPUT, *(graph.constant(f"recipe/crop_{key}", value) for key, value in bounds.items())], "recipe/crop")
