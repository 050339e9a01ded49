"""A model folder with an ONNX and an OM, and nothing in it that does not fit."""

import json
import struct
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from convert.aipp import aipp_of, render_aipp
from convert.networks.architectures import random_weights
from models.manifest import Artifact, ModelManifest
from models.store import ModelStore, StoredModel, sha256_of, zoo_manifest
from tests.convert.cpu_model_made import cpu_model
from tests.made_model import write_provenance

CLASSES = 10


def make_om(path: Path, content: bytes = b"weights") -> None:
    """A file with the header of an OM, after ascend.md's layout."""
    header = bytearray(256)
    header[:4] = b"IMOD"
    struct.pack_into("<II", header, 4, 256, 0x10000000)
    struct.pack_into("<I", header, 76, len(content))
    path.write_bytes(bytes(header) + content)
    path.chmod(0o640)


def write_manifest(folder: Path, **changes: object) -> ModelManifest:
    """Write the folder's manifest anew, with what changes."""
    path = folder / "manifest.toml"
    manifest = ModelManifest.model_validate(ModelManifest.read(path).model_dump() | changes)
    manifest.write(path)
    return manifest


def tell_provenance(om: Path, /, **changes: object) -> None:
    """As `convert atc` writes it for the manifest of the folder."""
    write_provenance(om, ModelManifest.read(om.parent / "manifest.toml"), "Ascend310", (1, 2), **changes)


def make_model(root: Path) -> StoredModel:
    """The model "small": EfficientNet-Lite0 of ten classes with random weights, and an OM that holds nothing."""
    folder = root / "small"
    folder.mkdir(parents=True)
    (folder / "small.names").write_text("".join(f"class {number}\n" for number in range(CLASSES)))
    labels = {"labels": "small.names", "labels_sha256": sha256_of(folder / "small.names")}
    manifest = zoo_manifest("efficientnet_lite0").model_copy(update={"name": "small", "classes": CLASSES, **labels})
    onnx = cpu_model(manifest, random_weights(manifest.architecture, CLASSES, 0), (1,))
    (folder / "small.onnx").write_bytes(onnx.SerializeToString(deterministic=True))
    make_om(folder / "small.om")
    (folder / "aipp.config").write_text(render_aipp(aipp_of(manifest, "rgb888"), manifest))
    artifacts = (
        Artifact(file="small.onnx", sha256=sha256_of(folder / "small.onnx")),
        Artifact(file="small.om", sha256=sha256_of(folder / "small.om"), soc="Ascend310", batch_sizes=(1, 2)),
    )
    manifest.model_copy(update={"artifacts": artifacts}).write(folder / "manifest.toml")
    tell_provenance(folder / "small.om")
    return ModelStore(root).open("small")


def save_safetensors(path: Path, weights: Mapping[str, np.ndarray]) -> None:
    """Write the tensors as the safetensors format has it: a length, a JSON header, the bytes."""
    header, end = {}, 0
    for name, array in weights.items():
        header[name] = {"dtype": "F32", "shape": list(array.shape), "data_offsets": [end, end + array.nbytes]}
        end += array.nbytes
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + b"".join(array.astype("<f4").tobytes() for array in weights.values()))
