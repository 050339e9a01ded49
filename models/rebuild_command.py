"""The command that makes a model, or one of its artifacts, again. Remedies print it, and a user runs it as it stands."""

import shlex
from pathlib import Path

from models.manifest import CPU, Artifact, ModelManifest

RANDOM_VERSION = "random"


def store_of(manifest: ModelManifest, folder: Path) -> Path:
    """The store to name for a model in this folder: the one around it, or the folder itself, if that has another name than the model."""
    return folder.parent if folder.name == manifest.name else folder


def prepare_remedy(zoo: ModelManifest, store: Path) -> str:
    """What puts a model of the zoo into the store: its own weights, or those of the user."""
    if zoo.weights:
        return f"Run: {_command('models', 'prepare', zoo.name, store=store)}"
    own = _command("convert", "import", "FILE", zoo.name, "--transform", "TRANSFORM", store=store)
    random = _command("models", "prepare", zoo.name, "--random", store=store)
    import_own = f"Import yours, with the transform of its training: {own}"
    return f"It comes without weights. {import_own}. Or, for benchmarks only, take random ones: {random}"


def rebuild_remedy(manifest: ModelManifest, folder: Path, soc: str = CPU, precision: str = "f32") -> str:
    """What makes the artifact for `soc` again; `folder` is the model's. Nothing that belongs to the same weights is lost."""
    if soc == CPU and precision == "int8":
        return f"Quantise the model: {quantize_command(manifest, folder)}"
    store, artifact = store_of(manifest, folder), manifest.artifact(soc)
    if artifact and artifact.declared:
        return f"Declare it again: {adopt_command(manifest, folder, artifact, 'FILE.om')}"
    batches = ["--batch-sizes", _listed(artifact)] if artifact and artifact.batch_sizes != (1,) else []
    if soc != CPU:
        return f"Compile it again: {_command('convert', 'atc', manifest.name, '--soc', soc, *batches, store=store)}"
    random = ["--random"] if manifest.version == RANDOM_VERSION else []
    if random or (manifest.weights and not _is_an_oms(manifest)):
        return f"Prepare the model again: {_command('models', 'prepare', manifest.name, *random, *batches, '--force', store=store)}"
    if manifest.origin:
        words = [*_import_words(manifest, manifest.origin.file, folder), *batches, "--force"]
        return f"Import it again: {_command('convert', 'import', *words, store=store)}"
    return f"Give its network as ONNX: {_command('convert', 'cpu', manifest.name, '--network', 'FILE.onnx', *batches, store=store)}"


def _is_an_oms(manifest: ModelManifest) -> bool:
    """Whether the version is that of an adopted OM, which `models prepare --force` would delete: it makes other weights."""
    return any(artifact.declared and artifact.sha256[:8] == manifest.version for artifact in manifest.artifacts)


def labels_remedy(manifest: ModelManifest, folder: Path, *, intact: bool = False) -> str:
    """What brings the model's labels back; those that are `intact` have another number of lines than the manifest has classes."""
    if (manifest.weights and not _is_an_oms(manifest)) or manifest.origin or manifest.version == RANDOM_VERSION:
        return rebuild_remedy(manifest, folder)
    if intact:
        return f"Correct classes, or labels and labels_sha256, in {folder / 'manifest.toml'}"
    return f"Put the labels of the model back: {folder / manifest.labels} with sha256 {manifest.labels_sha256}"


def scores_command(manifest: ModelManifest, folder: Path | None, *options: str) -> str:
    """What measures a labelled set and keeps the scores of all classes, which a calibration needs; no folder: names no store."""
    return _command("evaluate", "FOLDER", "--model", manifest.name, "--scores", *options, store=folder and store_of(manifest, folder))


def calibrate_command(manifest: ModelManifest, folder: Path | None) -> str:
    """What calibrates the model on such a measurement; no folder: names no store."""
    return _command("models", "calibrate", manifest.name, "EVALUATION", store=folder and store_of(manifest, folder))


def uncalibrate_command(manifest: ModelManifest, folder: Path) -> str:
    """What takes the calibration out of the manifest."""
    return _command("models", "calibrate", manifest.name, "--remove", store=store_of(manifest, folder))


def golden_command(manifest: ModelManifest, folder: Path, precision: str, decode: str) -> str:
    """What gives the model the answer to its golden image again, in this precision and with this decode."""
    image = str(folder / manifest.golden.file) if manifest.golden else "IMAGE"
    words = ["golden", manifest.name, image, "--precision", precision, "--decode", decode]
    return _command("models", *words, store=store_of(manifest, folder))


def fold_command(manifest: ModelManifest, folder: Path) -> str:
    """What folds the manifest's recipe into an intact artifact for a CPU again."""
    return _command("convert", "cpu", manifest.name, store=store_of(manifest, folder))


def quantize_command(manifest: ModelManifest, folder: Path) -> str:
    """What makes the int8 artifact for a CPU; DIR stands for pictures such as those that will be classified."""
    return _command("convert", "quantize", manifest.name, "--images", "DIR", store=store_of(manifest, folder))


def adopt_command(manifest: ModelManifest, folder: Path, artifact: Artifact, file: str) -> str:
    """What declares by hand what an OM takes and gives; TYPE stands for what only a person can know."""
    score_type = artifact.score_type if artifact.declared else "TYPE"
    words = [file, manifest.name, "--soc", artifact.soc, "--batch-sizes", _listed(artifact), "--score-type", score_type]
    return _command("models", "adopt", *words, store=store_of(manifest, folder))


def _listed(artifact: Artifact) -> str:
    return ",".join(map(str, artifact.batch_sizes))


def _import_words(manifest: ModelManifest, file: str, folder: Path) -> list[str]:
    """The file, the name, and what makes the same model of it: an artifact for a chip is kept only beside the same model."""
    words = [file, manifest.name, "--version", manifest.version]
    words += ["--recipe", str(folder / "manifest.toml")]
    if manifest.origin and manifest.origin.output is not None:
        words += ["--output", manifest.origin.output]
    if manifest.origin and manifest.origin.score_type is not None:
        words += ["--score-type", manifest.origin.score_type]
    if manifest.labels == "labels.names" and (folder / manifest.labels).is_file():
        words += ["--labels", str(folder / manifest.labels)]
    if manifest.golden and (golden := folder / manifest.golden.file).is_file():
        words += ["--expect", f"{golden}={manifest.golden.class_id}"]
    return words


def _command(*words: str, store: Path | None) -> str:
    return shlex.join(["ascend-classify", *words, *(("--model-store", str(store)) if store else ())])
