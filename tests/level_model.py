"""A small real model whose answer tells which picture it saw: class = grey level / 4. And the pictures."""

from functools import cache
from pathlib import Path

import cv2
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from models.manifest import Artifact, ModelManifest, Recipe
from models.store import ModelStore, StoredModel, sha256_of
from server.types import EncodedImage, ImageFormat

CLASSES = 64
SIDE_PX = 32


def level_graph(batch: int | str, batch_sizes: str = "") -> onnx.ModelProto:
    """uint8 [N, 32, 32, 3] → float32 [N, 64]: minus the squared distance of the mean level to four times the class."""
    nodes = [
        helper.make_node("Cast", ["image"], ["pixels"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["pixels"], ["level"], axes=[1, 2, 3], keepdims=0),
        helper.make_node("Unsqueeze", ["level", "one"], ["column"]),
        helper.make_node("Sub", ["column", "centres"], ["distance"]),
        helper.make_node("Mul", ["distance", "distance"], ["squared"]),
        helper.make_node("Neg", ["squared"], ["scores"]),
    ]
    constants = [
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


def store_level_model(root: Path, name: str = "level", batch_sizes: tuple[int, ...] = (1,)) -> StoredModel:
    """The model, in a store."""
    folder = root / name
    folder.mkdir(parents=True)
    many = len(batch_sizes) > 1
    model = level_graph("N", ",".join(map(str, batch_sizes))) if many else level_graph(batch_sizes[0])
    (folder / "level.onnx").write_bytes(model.SerializeToString())
    (folder / "level.names").write_text("".join(f"level {4 * level}\n" for level in range(CLASSES)))
    manifest = ModelManifest(
        name=name,
        architecture="level",
        classes=CLASSES,
        labels="level.names",
        labels_sha256=sha256_of(folder / "level.names"),
        recipe=Recipe(resize_width_px=SIDE_PX, resize_height_px=SIDE_PX, mean=(0, 0, 0), std=(1, 1, 1)),
        artifacts=(Artifact(file="level.onnx", sha256=sha256_of(folder / "level.onnx"), batch_sizes=batch_sizes),),
    )
    manifest.write(folder / "manifest.toml")
    return ModelStore(root).open(name)


@cache
def level_png(level: int, side_px: int = 48) -> bytes:
    """A flat grey PNG; its class is level / 4."""
    return cv2.imencode(".png", np.full((side_px, side_px, 3), level, np.uint8))[1].tobytes()


def level_image(class_id: int, side_px: int = 48) -> EncodedImage:
    """A flat grey picture of that class."""
    return EncodedImage(level_png(4 * class_id, side_px), ImageFormat.PNG, side_px, side_px)
