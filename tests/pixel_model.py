"""A small real model whose scores are the pixels it saw: so an engine tells exactly how it decodes a picture."""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from models.store import StoredModel
from pipelines.cpu.elements.frame import Pixels
from server.engines.all_scores import FLOAT32
from tests.made_model import store_made_model

SIDE_PX = 32
"""The smallest side of a model. It has at most 2000 classes: so each score holds two values, the second times 256."""
_VALUES = 3 * SIDE_PX**2
_CLASSES = _VALUES // 2 + 1
_STEP = 2048  # of a pair of values for 1.0 of a score: the scores come as probabilities, which must neither become zero nor alike


def pixel_graph() -> onnx.ModelProto:
    """uint8 [1, 32, 32, 3] → float32 [1, 1537]: each pair / 2048, and a zero behind them to hold the others against."""
    nodes = [
        helper.make_node("Cast", ["image"], ["values"], to=TensorProto.FLOAT),
        helper.make_node("Reshape", ["values", "in_pairs"], ["pairs"]),
        helper.make_node("Mul", ["pairs", "places"], ["placed"]),
        helper.make_node("ReduceSum", ["placed", "last"], ["sums"], keepdims=0),
        helper.make_node("Concat", ["sums", "zero"], ["scores"], axis=1),
    ]
    constants = [
        numpy_helper.from_array(np.array([1, _VALUES // 2, 2]), "in_pairs"),
        numpy_helper.from_array(np.array([1, 256], np.float32) / _STEP, "places"),
        numpy_helper.from_array(np.array([2]), "last"),
        numpy_helper.from_array(np.zeros((1, 1), np.float32), "zero"),
    ]
    image = helper.make_tensor_value_info("image", TensorProto.UINT8, [1, SIDE_PX, SIDE_PX, 3])
    scores = helper.make_tensor_value_info("scores", TensorProto.FLOAT, [1, _CLASSES])
    graph = helper.make_graph(nodes, "pixels", [image], [scores], constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 15)], ir_version=8)


def store_pixel_model(root: Path) -> StoredModel:
    """The model, in a store."""
    return store_made_model(root, "pixels", "pixels", pixel_graph(), [f"pair {number}" for number in range(_CLASSES)], SIDE_PX)


def pixels_seen(all_scores: bytes) -> Pixels:
    """(32, 32, 3) in the order of the pipeline, which is BGR: the picture before the network."""
    logs = np.log(np.frombuffer(all_scores, FLOAT32).astype(np.float64))
    pairs = np.rint((logs[:-1] - logs[-1]) * _STEP).astype("<u2")
    pixels: Pixels = pairs.view(np.uint8).reshape(SIDE_PX, SIDE_PX, 3)
    return pixels
