"""A model made by a test, put into a store as `models prepare` would."""

from pathlib import Path

import onnx

from models.manifest import Artifact, ModelManifest, Recipe
from models.store import ModelStore, StoredModel, sha256_of


def store_made_model(
    root: Path, name: str, kind: str, graph: onnx.ModelProto, labels: list[str], side_px: int, batch_sizes: tuple[int, ...] = (1,)
) -> StoredModel:
    """The model, in a store; its input is the stretched picture as it is. `kind` names its files."""
    folder = root / name
    folder.mkdir(parents=True)
    (folder / f"{kind}.onnx").write_bytes(graph.SerializeToString())
    (folder / f"{kind}.names").write_text("".join(f"{label}\n" for label in labels))
    ModelManifest(
        name=name,
        architecture=kind,
        classes=len(labels),
        labels=f"{kind}.names",
        labels_sha256=sha256_of(folder / f"{kind}.names"),
        recipe=Recipe(resize_width_px=side_px, resize_height_px=side_px, mean=(0, 0, 0), std=(1, 1, 1)),
        artifacts=(Artifact(file=f"{kind}.onnx", sha256=sha256_of(folder / f"{kind}.onnx"), batch_sizes=batch_sizes),),
    ).write(folder / "manifest.toml")
    return ModelStore(root).open(name)
