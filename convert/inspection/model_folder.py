"""Inspects a model: its manifest and every file that belongs to it."""

from collections.abc import Iterator
from pathlib import Path

from convert.inspection.artifacts import inspect_om, inspect_onnx
from convert.inspection.context import MANIFEST, Context
from convert.inspection.findings import Inspection, Remark, agree
from convert.inspection.kinds import kind_of
from convert.inspection.small_files import inspect_aipp
from models.manifest import Artifact, ModelManifest
from models.model_errors import ClassifyError, ManifestInvalid
from models.rebuild_command import labels_remedy, rebuild_remedy
from models.recipe_line import recipe_line
from models.store import sha256_of
from pipelines.classification import read_labels


def inspect_manifest(path: Path) -> Inspection:
    """Inspect a manifest, its labels and artifacts, and an aipp.config in its folder."""
    try:
        manifest = ModelManifest.read(path)
    except ManifestInvalid as error:
        return Inspection(str(path), "manifest", findings=(Remark.of(error),))
    context = Context(path.parent, manifest)
    parts = [_artifact(artifact, context) for artifact in manifest.artifacts]
    parts += [inspect_aipp(file, context) for file in sorted(path.parent.iterdir()) if _is_aipp(file)]
    if path.name == MANIFEST and not manifest.artifacts:
        none = [Remark(fits=False, what="the model has no artifact", remedy=rebuild_remedy(manifest, path.parent))]
    else:
        none = []
    return Inspection(str(path), f"model {manifest.name}", _facts(manifest), (*_labels(context, manifest), *none), tuple(parts))


def _facts(manifest: ModelManifest) -> dict[str, object]:
    facts: dict[str, object] = {
        "version": manifest.version,
        "architecture": manifest.architecture,
        "classes": manifest.classes,
        "recipe": [recipe_line(manifest.recipe, manifest.transform), f"sha256 {manifest.recipe.sha256}"],
        "artifacts": [_listed(artifact) for artifact in manifest.artifacts] or "none",
    }
    if manifest.origin:
        facts["imported from"] = [f"{manifest.origin.file} ({manifest.origin.format})", f"sha256 {manifest.origin.sha256}"]
    if manifest.transform:
        facts["trained with"] = manifest.transform.name
    return facts


def _listed(artifact: Artifact) -> str:
    return f"{artifact.file}: {artifact.soc}, batches of {', '.join(map(str, artifact.batch_sizes))}"


def _labels(context: Context, manifest: ModelManifest) -> Iterator[Remark]:
    path = context.folder / manifest.labels
    remedy = labels_remedy(manifest, context.folder)
    try:
        count = len(read_labels(path))
    except (OSError, ValueError) as error:
        yield Remark(fits=False, what=f"labels: {error}", remedy=remedy)
        return
    yield agree("labels' sha256", sha256_of(path), manifest.labels_sha256, remedy)
    yield agree("number of labels", count, manifest.classes, remedy)


def _artifact(artifact: Artifact, context: Context) -> Inspection:
    path = context.folder / artifact.file
    try:
        kind = kind_of(path)
    except ClassifyError as error:
        return Inspection(str(path), f"artifact for {artifact.soc}", findings=(Remark.of(error),))
    if kind == "om":
        return inspect_om(path, context)
    if kind == "onnx":
        return inspect_onnx(path, context)
    wrong = Remark(fits=False, what=f"its content is {kind}, neither ONNX nor OM", remedy=context.rebuild(artifact.soc))
    return Inspection(str(path), f"artifact for {artifact.soc}", findings=(wrong,))


def _is_aipp(file: Path) -> bool:
    try:
        return kind_of(file) == "aipp"
    except ClassifyError:
        return False
