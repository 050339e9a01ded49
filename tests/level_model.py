"""A small real model whose answer tells which picture it saw, and which way up: class = level / 4. And the pictures."""

from functools import cache
from pathlib import Path

import cv2
import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from models.store import StoredModel
from models.store_writer import add_artifact, workshop
from pipelines.cpu.quiet_openvino import ov
from server.types import EncodedImage, ImageFormat
from tests.made_model import quantisation_of, stamped, store_made_model

CLASSES = 64
SIDE_PX = 32


def level_graph(batch: int | str, batch_sizes: str = "") -> onnx.ModelProto:
    """uint8 [N, 32, 32, 3] → float32 [N, 64]: minus the squared distance of the level to four times the class.

    The level is three parts of the upper left quarter's mean and one of the upper right's: no two ways to turn and mirror a
    picture of four different quarters have the same.
    """
    nodes = [
        helper.make_node("Cast", ["image"], ["whole"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["whole", "weights"], ["pixels"]),
        helper.make_node("ReduceMean", ["pixels"], ["level"], axes=[1, 2, 3], keepdims=0),
        helper.make_node("Unsqueeze", ["level", "one"], ["column"]),
        helper.make_node("Sub", ["column", "centres"], ["distance"]),
        helper.make_node("Mul", ["distance", "distance"], ["squared"]),
        helper.make_node("Neg", ["squared"], ["scores"]),
    ]
    weights = np.zeros((1, SIDE_PX, SIDE_PX, 1), np.float32)
    weights[:, : SIDE_PX // 2, : SIDE_PX // 2], weights[:, : SIDE_PX // 2, SIDE_PX // 2 :] = 3, 1
    constants = [
        numpy_helper.from_array(weights, "weights"),
        numpy_helper.from_array(np.array([1]), "one"),
        numpy_helper.from_array(np.arange(0, 4 * CLASSES, 4, dtype=np.float32)[None], "centres"),
    ]
    image = helper.make_tensor_value_info("image", TensorProto.UINT8, [batch, SIDE_PX, SIDE_PX, 3])
    scores = helper.make_tensor_value_info("scores", TensorProto.FLOAT, [batch, CLASSES])
    graph = helper.make_graph(nodes, "level", [image], [scores], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 15)], ir_version=8)
    if batch_sizes:
        helper.set_model_props(model, {"batch_sizes": batch_sizes})
    return model


def add_quantised_level(model: StoredModel) -> StoredModel:
    """Give the stored model its int8 artifact: pixels in steps of two, so that only odd levels get other scores than in float32."""
    f32 = model.manifest.artifacts[0]
    graph = onnx.load(model.folder / f32.file)
    cast = graph.graph.node[0]
    cast.output[0] = "exact"
    steps = {"step": np.float32(2), "none": np.uint8(0)}
    graph.graph.initializer.extend(numpy_helper.from_array(np.asarray(value), name) for name, value in steps.items())
    graph.graph.node.insert(1, helper.make_node("QuantizeLinear", ["exact", "step", "none"], ["stepped"]))
    graph.graph.node.insert(2, helper.make_node("DequantizeLinear", ["stepped", "step", "none"], ["whole"]))
    with workshop(model.folder.parent) as folder:
        artifact = stamped(folder, model.manifest, graph, "level.int8.onnx", f32.batch_sizes, quantisation_of(f32))
        return add_artifact(model, folder / artifact.file, artifact)


def store_level_model(root: Path, name: str = "level", batch_sizes: tuple[int, ...] = (1,)) -> StoredModel:
    """The model, in a store."""
    many = len(batch_sizes) > 1
    graph = level_graph("N", ",".join(map(str, batch_sizes))) if many else level_graph(batch_sizes[0])
    return store_made_model(root, name, "level", graph, [f"level {4 * level}" for level in range(CLASSES)], SIDE_PX, batch_sizes)


def store_reversed_level_model(root: Path, name: str) -> StoredModel:
    """The model with its classes the other way round: a flat picture of class k is of class 63 - k."""
    graph = level_graph(1)
    centres = next(each for each in graph.graph.initializer if each.name == "centres")
    centres.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(centres)[:, ::-1].copy(), "centres"))
    return store_made_model(root, name, "level", graph, [f"level {4 * level}" for level in range(CLASSES)], SIDE_PX)


def level_class(pixels: NDArray[np.uint8]) -> int:
    """The class of a picture, in BGR."""
    upper = cv2.resize(pixels, (SIDE_PX, SIDE_PX))[: SIDE_PX // 2]
    level = 0.75 * upper[:, : SIDE_PX // 2].mean() + 0.25 * upper[:, SIDE_PX // 2 :].mean()
    return min(range(CLASSES), key=lambda number: abs(4 * number - level))


@cache
def level_scores(level: int) -> NDArray[np.float64]:
    """The softmax of what the network itself gives for a flat grey picture, by class id."""
    network = ov.Core().compile_model(ov.Core().read_model(level_graph(1).SerializeToString()), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    logits = next(iter(network(np.full((1, SIDE_PX, SIDE_PX, 3), level, np.uint8)).values()))[0].astype(np.float64)
    powers = np.exp(logits - logits.max())
    scores: NDArray[np.float64] = powers / powers.sum()
    return scores


@cache
def level_png(level: int, side_px: int = 48) -> bytes:
    """A flat grey PNG; its class is level / 4."""
    return cv2.imencode(".png", np.full((side_px, side_px, 3), level, np.uint8))[1].tobytes()


def level_image(class_id: int, side_px: int = 48) -> EncodedImage:
    """A flat grey picture of that class."""
    return EncodedImage(level_png(4 * class_id, side_px), ImageFormat.PNG, side_px, side_px)


WHOLE_CLASS, REDUCED_CLASS = 63, 16


@cache
def comb(ending: str = ".jpg") -> bytes:
    """256x256 pixels whose class tells how they were decoded: of each eight columns two are white, and a linear resize sees only these.

    Decoded whole it is of WHOLE_CLASS; reduced to an eighth, where every pixel is the mean of 64, of REDUCED_CLASS.
    """
    pixels = np.zeros((8 * SIDE_PX, 8 * SIDE_PX, 3), np.uint8)
    pixels[:, 3::8] = pixels[:, 4::8] = 255
    return cv2.imencode(ending, pixels, (cv2.IMWRITE_JPEG_QUALITY, 100) if ending == ".jpg" else ())[1].tobytes()
