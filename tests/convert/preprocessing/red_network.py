"""A plain network whose class is the level of red of its picture, so that every mistake of a recipe gives another class."""

import cv2
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SIDE_PX = 32


def red_network(
    classes: int = 64, *, size_px: tuple[int, int] = (SIDE_PX, SIDE_PX), mean: float = 0, std: float = 1, channel: int = 0
) -> onnx.ModelProto:
    """float32 [1, 3, H, W] of (pixel - mean) / std → float32 [1, classes]: the best class is the level of one channel / 4.

    For each unit of a level the scores stay the same whatever mean and std are, if the recipe has the same.
    """
    width, height = size_px
    nodes = [
        helper.make_node("Gather", ["image", "channel"], ["red"], axis=1),
        helper.make_node("ReduceMean", ["red"], ["normalised"], axes=[1, 2, 3], keepdims=0),
        helper.make_node("Mul", ["normalised", "std"], ["scaled"]),
        helper.make_node("Add", ["scaled", "mean"], ["level"]),
        helper.make_node("Unsqueeze", ["level", "one"], ["column"]),
        helper.make_node("Sub", ["column", "centres"], ["distance"]),
        helper.make_node("Mul", ["distance", "distance"], ["squared"]),
        helper.make_node("Mul", ["squared", "sharpness"], ["scores"]),
    ]
    constants = [
        numpy_helper.from_array(np.array([channel]), "channel"),
        numpy_helper.from_array(np.array(std, np.float32), "std"),
        numpy_helper.from_array(np.array(mean, np.float32), "mean"),
        numpy_helper.from_array(np.array([1]), "one"),
        numpy_helper.from_array(np.array(-0.01, np.float32), "sharpness"),
        numpy_helper.from_array(np.arange(0, 4 * classes, 4, dtype=np.float32)[None], "centres"),
    ]
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, height, width])
    scores = helper.make_tensor_value_info("scores", TensorProto.FLOAT, [1, classes])
    graph = helper.make_graph(nodes, "red", [image], [scores], constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 15)], ir_version=8)


def flat_png(bgr: tuple[int, int, int], width_px: int = 48, height_px: int = 48) -> bytes:
    """A PNG of one colour."""
    return cv2.imencode(".png", np.full((height_px, width_px, 3), bgr, np.uint8))[1].tobytes()
