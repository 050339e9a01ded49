"""The command that makes a model, or one of its artifacts, again. Remedies print it, and a user runs it as it stands."""

import shlex
from pathlib import Path

from models.manifest import ModelManifest

RANDOM_VERSION = "random"


def prepare_remedy(zoo: ModelManifest, store: Path) -> str:
    """What puts a model of the zoo into the store: its own weights, or those of the user."""
    if zoo.weights:
        return f"Run: {_command('models', 'prepare', zoo.name, store=store)}"
    own = _command("convert", "import", "FILE", zoo.name, "--transform", "TRANSFORM", store=store)
    random = _command("models", "prepare", zoo.name, "--random", store=store)
    import_own = f"Import yours, with the transform of its training: {own}"
    return f"It comes without weights. {import_own}. Or, for benchmarks only, take random ones: {random}"


def rebuild_remedy(manifest: ModelManifest, folder: Path, soc: str = "cpu") -> str:
    """What makes the artifact for `soc` again; `folder` is the model's. Nothing that belongs to the same weights is lost."""
    store = folder.parent
    if soc != "cpu":
        return f"Compile it again: {_command('convert', 'atc', manifest.name, '--soc', soc, store=store)}"
    sizes = [size for artifact in manifest.artifacts if artifact.soc == "cpu" for size in artifact.batch_sizes]
    batches = ["--batch-sizes", ",".join(map(str, sizes))] if sizes not in ([], [1]) else []
    random = ["--random"] if manifest.version == RANDOM_VERSION else []
    if manifest.weights or random:
        return f"Prepare the model again: {_command('models', 'prepare', manifest.name, *random, *batches, '--force', store=store)}"
    if manifest.origin:
        words = [*_import_words(manifest, manifest.origin.file, folder), *batches, "--force"]
        return f"Import it again: {_command('convert', 'import', *words, store=store)}"
    return f"Give its network as ONNX: {_command('convert', 'cpu', manifest.name, '--network', 'FILE.onnx', *batches, store=store)}"


def labels_remedy(manifest: ModelManifest, folder: Path) -> str:
    """What brings the model's labels back."""
    if manifest.weights or manifest.origin or manifest.version == RANDOM_VERSION:
        return rebuild_remedy(manifest, folder)
    return f"Put the labels of the model back: {folder / manifest.labels} with sha256 {manifest.labels_sha256}"


def fold_command(manifest: ModelManifest, folder: Path) -> str:
    """What folds the manifest's recipe into an intact artifact for a CPU again."""
    return _command("convert", "cpu", manifest.name, store=folder.parent)


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


def _command(*words: str, store: Path) -> str:
    return shlex.join(["ascend-classify", *words, "--model-store", str(store)])
