"""Makes a side of `convert parity` from the user's argument."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from models.artifact_facts import read_artifact_facts
from models.manifest import ModelManifest, Precision
from models.store import ModelStore, StoredModel
from pipelines.reduction import Decode
from server.parity.parity_errors import SourceInvalid
from server.settings import Settings

if TYPE_CHECKING:
    from server.parity.engine_source import ArtifactScores
    from server.parity.sources import Source
    from server.types import Runtime

ADDRESS = ("http://", "https://")
ORIGINAL = ":original"
FORMER_CPU = "@host"
RUNTIMES: "dict[str, Runtime]" = {"@cpu": "cpu", "@ascend": "ascend"}
SCORES: "dict[str, ArtifactScores]" = {"logit": "logit", "probability": "probability"}
ARTIFACTS: "dict[str, Runtime]" = {".onnx": "cpu", ".om": "ascend"}


@dataclass(frozen=True)
class SourceOptions:
    """Options of both sides; `model` is the model of an artifact file.

    `precision` (on a CPU) and `decode` are those of side B: side A infers in f32 and decodes exactly.
    """

    settings: Settings
    model: str | None = None
    precision: Precision = "f32"
    decode: Decode = "exact"


def open_sources(words: tuple[str, str], options: SourceOptions) -> "tuple[Source, Source]":
    """Both sides, not started; raises ClassifyError for an invalid argument, model or server."""
    from server.parity.engine_source import EngineSource

    if options.precision != "f32" and not _takes(words[1], options.precision):
        raise SourceInvalid(f"--precision has no effect on {words[1]}.", "Name a model as B, and it runs on this CPU.")
    if options.decode == "reduced" and (words[1].startswith(ADDRESS) or words[1].endswith(ORIGINAL)):
        raise SourceInvalid(f"--decode has no effect on {words[1]}.", "Name a model or an artifact file as B: this process then decodes.")
    exact = options.settings.model_copy(update={"precision": "f32", "decode": "exact"})
    asked = options.settings.model_copy(update={"precision": options.precision, "decode": options.decode})
    one, other = open_source(words[0], replace(options, settings=exact)), open_source(words[1], replace(options, settings=asked))
    if isinstance(other, EngineSource) and other.runtime == "ascend" and (options.precision, options.decode) != ("f32", "exact"):
        option = "--precision" if options.precision != "f32" else "--decode"
        raise SourceInvalid(f"{option} has no effect on {words[1]}: the SDK runs it on a chip.", "Name MODEL@cpu as B.")
    if all(isinstance(side, EngineSource) and side.runtime == "ascend" for side in (one, other)):
        raise SourceInvalid("The vendor's SDK runs once in a process.", "Serve one of the two models, and give its URL.")
    return one, other


def _takes(word: str, precision: Precision) -> bool:
    """Whether a precision can be chosen for a side: an ONNX file runs in bf16 as well, but what is int8 it says itself."""
    if word.startswith(ADDRESS) or word.endswith(ORIGINAL):
        return False
    return precision == "bf16" or not word.endswith(".onnx")


def open_source(word: str, options: SourceOptions) -> "Source":
    """The side, not started; raises ClassifyError for an invalid argument, model or server."""
    from server.cli.convert.remote_source import RemoteSource
    from server.parity.engine_source import EngineSource

    if word.startswith(ADDRESS):
        return RemoteSource(word, options.settings.read_api_key())
    if word.endswith(FORMER_CPU):
        raise SourceInvalid(f"{word}: the runtime host is now called cpu.", f"Write {word.removesuffix(FORMER_CPU)}@cpu")
    if word.endswith(ORIGINAL):
        return _original(word, options)
    suffix = next((suffix for suffix in RUNTIMES if word.endswith(suffix)), "")
    name, runtime = word.removesuffix(suffix), RUNTIMES.get(suffix)
    kind = ARTIFACTS.get(Path(name).suffix)
    if kind is None:
        return EngineSource(word, options.settings, _model(name, options), runtime)
    if runtime not in (None, kind):
        raise SourceInvalid(f"{name} does not run on {runtime}.", "An OM is for Ascend, an ONNX file for a CPU.")
    return _file_source(word, Path(name), kind, options)


def _model(name: str, options: SourceOptions) -> StoredModel:
    """A model's folder, or a model of the store."""
    folder = Path(name)
    if (folder / "manifest.toml").is_file():
        return StoredModel(ModelManifest.read(folder / "manifest.toml"), folder)
    return ModelStore(options.settings.model_store).open(name)


def _file_source(word: str, file: Path, runtime: "Runtime", options: SourceOptions) -> "Source":
    """The model to which an artifact file belongs, with this file in place of its own."""
    from server.parity.engine_source import EngineSource, ModelWithFile

    if not file.is_file():
        raise SourceInvalid(f"There is no file {file}.")
    facts = read_artifact_facts(file)
    name = options.model or facts.model
    if not name:
        raise SourceInvalid(f"{file} does not say whose artifact it is.", "Name the model: --model NAME")
    model = _model(name, options)
    scores = _scores(file, facts.score_type)
    with_file = ModelWithFile(model.manifest, model.folder, file, facts.batch_sizes or (1,), scores)
    side = EngineSource(word, options.settings, with_file, runtime)
    side.facts["recipe_sha256"] = facts.recipe_sha256  # of the file, which may differ from the manifest's; empty if it does not say it
    if facts.precision == "int8":
        side.facts["precision"] = facts.precision
    return side


def _scores(file: Path, said: str) -> "ArtifactScores":
    if said not in SCORES:
        raise SourceInvalid(f"{file}.json has the score_type {said[:40]!r}.", f"Write {' or '.join(SCORES)}.")
    return SCORES[said]


def _original(word: str, options: SourceOptions) -> "Source":
    from convert.original_transform import OriginalTransformSource
    from server.cli.convert.served_picture import read_served

    model, most_pixels = _model(word.removesuffix(ORIGINAL), options), options.settings.max_image_pixels
    return OriginalTransformSource(word, model, lambda path: read_served(path.read_bytes, most_pixels))
