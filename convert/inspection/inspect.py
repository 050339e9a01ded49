"""Finds the target (a file, a folder or a model) and inspects it."""

from pathlib import Path

from convert.conversion_errors import ConvertError
from convert.inspection.artifacts import inspect_om, inspect_onnx
from convert.inspection.checkpoint_file import inspect_checkpoint
from convert.inspection.context import MANIFEST, Context
from convert.inspection.findings import Inspection
from convert.inspection.kinds import kind_of
from convert.inspection.model_folder import inspect_manifest
from convert.inspection.small_files import inspect_aipp, inspect_pipeline
from models.store import ModelStore, zoo_manifest_path, zoo_names


def inspect(target: str, store: ModelStore) -> Inspection:
    """Inspect a path, or else the model of that name; raises ConvertError if it cannot be inspected, ModelNotFound for an unknown model."""
    path = Path(target)
    if path.is_dir():
        if not (path / MANIFEST).is_file():
            raise ConvertError(f"{path} has no {MANIFEST}.", "Name a file, or a folder of the model store.")
        return inspect_manifest(path / MANIFEST)
    if path.exists():
        return _inspect_file(path)
    if path.name != target:
        raise ConvertError(f"The file {target} does not exist.", "Name a file, a model's folder or a model.")
    if target in zoo_names() and target not in store.names():
        return inspect_manifest(zoo_manifest_path(target))
    return inspect_manifest(store.open(target).folder / MANIFEST)


def _inspect_file(path: Path) -> Inspection:
    context = Context(path.absolute().parent)
    match kind_of(path):
        case "om":
            return inspect_om(path, context)
        case "onnx":
            return inspect_onnx(path, context)
        case "checkpoint":
            return inspect_checkpoint(path, context)
        case "aipp":
            return inspect_aipp(path, context)
        case "pipeline":
            return inspect_pipeline(path)
        case "provenance":
            return inspect_om(_its_om(path), Context(path.absolute().parent))
        case "manifest":
            return inspect_manifest(path)


def _its_om(provenance: Path) -> Path:
    om = provenance.with_suffix("")
    if provenance.suffix != ".json" or not om.is_file():
        raise ConvertError(f"{provenance} describes an OM that is not in this folder.", "Put X.om next to X.om.json.")
    return om
