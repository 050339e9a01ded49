"""A model made by a test, put into a store as `models prepare` would."""

import json
from pathlib import Path

import onnx

from models.artifact_facts import FACTS, provenance_path
from models.manifest import CPU, Artifact, ModelManifest, Recipe
from models.quantisation import Quantisation
from models.store import ModelStore, StoredModel, sha256_of


def store_made_model(
    root: Path, name: str, kind: str, graph: onnx.ModelProto, labels: list[str], side_px: int, batch_sizes: tuple[int, ...] = (1,)
) -> StoredModel:
    """The model, in a store; its input is the stretched picture as it is. `kind` names its files."""
    folder = root / name
    folder.mkdir(parents=True)
    (folder / f"{kind}.names").write_text("".join(f"{label}\n" for label in labels))
    manifest = ModelManifest(
        name=name,
        architecture=kind,
        classes=len(labels),
        labels=f"{kind}.names",
        labels_sha256=sha256_of(folder / f"{kind}.names"),
        recipe=Recipe(resize_width_px=side_px, resize_height_px=side_px, mean=(0, 0, 0), std=(1, 1, 1)),
    )
    artifact = stamped(folder, manifest, graph, f"{kind}.onnx", batch_sizes)
    manifest.model_copy(update={"artifacts": (artifact,)}).write(folder / "manifest.toml")
    return ModelStore(root).open(name)


def stamped(
    folder: Path,
    manifest: ModelManifest,
    graph: onnx.ModelProto,
    file: str,
    batch_sizes: tuple[int, ...],
    quantisation: Quantisation | None = None,
) -> Artifact:
    """Write the network with the manifest's facts in it, as `convert cpu` does; with a `quantisation` as `convert quantize` does."""
    precision = "int8" if quantisation else ""
    facts = (manifest.name, manifest.version, manifest.recipe.sha256, ",".join(map(str, batch_sizes)), precision)
    onnx.helper.set_model_props(graph, {name: fact for name, fact in zip(FACTS, facts, strict=True) if fact})
    (folder / file).write_bytes(graph.SerializeToString())
    return Artifact(
        file=file, sha256=sha256_of(folder / file), batch_sizes=batch_sizes, precision=precision or None, quantisation=quantisation
    )


def write_provenance(om: Path, manifest: ModelManifest, soc: str, batch_sizes: tuple[int, ...], /, **changes: object) -> None:
    """Write what `convert atc` leaves beside an OM."""
    told = {"om": om.name, "om_sha256": sha256_of(om), "soc": soc, "batch_sizes": batch_sizes, "command": "atc --framework=5"}
    facts = {"model": manifest.name, "version": manifest.version, "classes": manifest.classes, "recipe_sha256": manifest.recipe.sha256}
    provenance_path(om).write_text(json.dumps(told | facts | changes))


def change_model(model: StoredModel, **changes: object) -> StoredModel:
    """Change the manifest of a model, and its artifacts with it."""
    folder, manifest = model.folder, model.manifest.model_copy(update=changes)
    artifacts = []
    for artifact in model.manifest.artifacts:
        if artifact.soc == CPU:
            artifacts.append(
                stamped(folder, manifest, onnx.load(folder / artifact.file), artifact.file, artifact.batch_sizes, artifact.quantisation)
            )
        else:
            write_provenance(folder / artifact.file, manifest, artifact.soc, artifact.batch_sizes)
            artifacts.append(artifact)
    manifest.model_copy(update={"artifacts": tuple(artifacts)}).write(folder / "manifest.toml")
    return StoredModel(ModelManifest.read(folder / "manifest.toml"), folder)


def quantisation_of(f32: Artifact) -> Quantisation:
    """An origin for an int8 artifact that a test makes of this one."""
    return Quantisation(
        tool="a test", version="1", method="by hand", images=8, calibration_sha256="c" * 64, f32_sha256=f32.sha256, agreement=0.75
    )
