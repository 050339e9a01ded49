"""Parts that the tests of ATC share: an installation that is the stand-in, networks, and a model of a store."""

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from convert.fold import fold
from models.manifest import Artifact, ModelManifest, Recipe
from models.store import ModelStore, StoredModel, sha256_of

STANDIN = Path(__file__).with_name("standin_atc.py")
AIPP = "aipp_op {\n    aipp_mode : static\n    input_format : RGB888_U8\n}\n"


@dataclass(frozen=True)
class StandIn:
    """The stand-in as a program, and what it has noted."""

    program: Path
    record: Path

    @property
    def calls(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.record.read_text().splitlines()] if self.record.exists() else []

    @property
    def environment(self) -> dict[str, str]:
        return {"STANDIN_ATC_RECORD": str(self.record)}


def install(program: Path, record: Path) -> StandIn:
    """As CANN does, `atc` is a script that starts the real program."""
    program.parent.mkdir(parents=True, exist_ok=True)
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{STANDIN}" "$@"\n')
    program.chmod(0o755)
    return StandIn(program, record)


def plain_network(side: int = 32, batch: int | str = "N") -> onnx.ModelProto:
    """float32 [N, 3, side, side] → the mean of each channel, twice over: [N, 3]."""
    nodes = [
        helper.make_node("GlobalAveragePool", ["image"], ["mean"]),
        helper.make_node("Flatten", ["mean"], ["flat"]),
        helper.make_node("Mul", ["flat", "two"], ["scores"]),
    ]
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, [batch, 3, side, side])
    scores = helper.make_tensor_value_info("scores", TensorProto.FLOAT, [batch, 3])
    two = numpy_helper.from_array(np.float32(2).reshape(1), "two")
    return helper.make_model(
        helper.make_graph(nodes, "means", [image], [scores], [two]), opset_imports=[helper.make_opsetid("", 11)], ir_version=8
    )


def stored_model(root: Path, name: str = "means") -> StoredModel:
    """A model with a CPU artifact and a crop: 64x64, of which AIPP takes the middle 32x32."""
    folder = root / name
    folder.mkdir(parents=True)
    (folder / "abc.names").write_text("a\nb\nc\n")
    manifest = ModelManifest(
        name=name,
        architecture="made",
        classes=3,
        labels="abc.names",
        labels_sha256=sha256_of(folder / "abc.names"),
        recipe=Recipe(
            resize_width_px=64,
            resize_height_px=64,
            crop_width_px=32,
            crop_height_px=32,
            mean=(123.675, 116.28, 103.53),
            std=(58.395, 57.12, 57.375),
        ),
    )
    folded = folder / f"{name}.onnx"
    folded.write_bytes(fold(plain_network(), manifest, (1,)).SerializeToString())
    manifest = manifest.model_copy(update={"artifacts": (Artifact(file=folded.name, sha256=sha256_of(folded)),)})
    manifest.write(folder / "manifest.toml")
    return ModelStore(root).open(name)
