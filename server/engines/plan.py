"""The plan of the stream engine: a rendered pipeline or the user's own, with the facts that the driver needs."""

import re
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from models.manifest import CPU, MAX_CLASSES, Precision
from models.store import StoredModel
from pipelines.classification import ClassificationConfig, plain_file, read_labels
from pipelines.classifier_config import ClassifierConfig, ClassifierLimits, configure_classifier
from pipelines.cpu.text.spec import StreamSpec, parse_pipeline
from pipelines.pipeline_errors import PipelineError
from pipelines.reduction import Decode
from pipelines.render import NETWORK, SINK, PipelinePaths, render_config, render_pipeline
from server.engines.process.scores_lanes import ScoresStream
from server.errors import EngineUnavailable
from server.types import Runtime, ScoreType

# Images in one stream of the user's own pipeline. The batch of its model is not known here. The vendor's engine holds ten unclaimed
# results, so a batch of eight can fill.
OWN_DEPTH = 10


OWN_SCORES = re.compile("scores[0-9]+")  # in the user's own pipeline, a stream of this name returns the network's whole output


@dataclass(frozen=True)
class FullScores:
    """The streams whose answers hold the scores of all classes, and the labels by class id; there may be fewer labels.

    Without `softmax` the network's output is what is served.
    """

    streams: tuple[ScoresStream, ...]
    classes: int
    labels: tuple[str, ...]
    softmax: bool = True


@dataclass(frozen=True)
class StreamPlan:
    """A pipeline text and its parameters; up to `depth` images may be in each of its `streams` streams."""

    text: bytes
    streams: tuple[str, ...]
    depth: int
    score_type: ScoreType
    full: FullScores | None = None
    folder: tempfile.TemporaryDirectory[str] | None = field(default=None, repr=False)

    def close(self) -> None:
        """Remove the rendered files."""
        if self.folder:
            self.folder.cleanup()


@dataclass(frozen=True)
class ClassifierPlan:
    """The configuration of the compiled classifier, the labels by class id, and the runtime it must be built for."""

    config: ClassifierConfig
    labels: tuple[str, ...]
    runtime: str


def plan_classifier(
    model: StoredModel,
    runtime: Runtime,
    soc: str,
    limits: ClassifierLimits,
    device: int = 0,
    *,
    precision: Precision = "f32",
    decode: Decode = "exact",
) -> ClassifierPlan:
    """The compiled engine's configuration for one chip; raises ModelError when an artifact is missing or damaged."""
    artifact, path = model.check_artifact(CPU if runtime == "cpu" else soc, precision)
    softmax = artifact.score_type == "logit"
    config = configure_classifier(
        model.manifest,
        str(path.with_suffix(".om").absolute()),
        limits,
        device,
        softmax=softmax,
        precision=precision if runtime == "cpu" else "",
        decode=decode,
    )
    return ClassifierPlan(config, model.read_class_names(), runtime)


def plan_rendered(
    model: StoredModel, runtime: Runtime, soc: str, streams: int, device: int = 0, *, scores_streams: int = 0, precision: Precision = "f32"
) -> StreamPlan:
    """Render the model's pipeline for one chip; raises ModelError if an artifact is missing or damaged. On a CPU `precision` chooses it.

    `scores_streams` further streams give the scores of all classes. On a chip each loads the model again; on a CPU all streams share it.
    """
    manifest = model.manifest
    if manifest.classes > MAX_CLASSES:
        raise EngineUnavailable(f"{manifest.name} has {manifest.classes} classes; the vendor's post-process takes at most {MAX_CLASSES}.")
    artifact, path = model.check_artifact(CPU if runtime == "cpu" else soc, precision)
    labels, softmax = model.check_labels(), artifact.score_type == "logit"
    folder = tempfile.TemporaryDirectory(prefix="ascend-classify-")
    config = Path(folder.name) / f"{manifest.name}.cfg"
    config.write_text(render_config(manifest, softmax=softmax), "utf-8")
    config.chmod(0o640)  # the SDK refuses a file that others can write
    chip = f"chip{device}_" if runtime == "ascend" else ""  # in the SDK's statistics and messages the name is all that tells it
    names = [f"{chip}classify{number}" for number in range(streams)]
    paths = PipelinePaths(str(path.with_suffix(".om").absolute()), str(config), str(labels.absolute()))
    # One image is processed and one waits; if batches are formed, a whole batch must fit too. The vendor's table of
    # unclaimed results has ten places, which limits the batch.
    depth = 2 if artifact.batch_sizes == (1,) else artifact.batch_sizes[-1] + 2
    scores = tuple(ScoresStream(f"{chip}scores{number}", SINK, NETWORK) for number in range(scores_streams))
    text = render_pipeline(manifest, paths, names, device, [stream.name for stream in scores])
    full = FullScores(scores, manifest.classes, model.read_class_names(), softmax) if scores else None
    return StreamPlan(text, tuple(names), depth, "probability", full, folder)


def plan_own(pipeline: Path) -> StreamPlan:
    """Plan a hand-written pipeline; every stream must lead from one appsrc through a classification to one appsink.

    Except streams named scores0, scores1, …, which lead only through one mxpi_tensorinfer.
    """
    try:
        text = pipeline.read_bytes()
    except OSError as error:
        raise EngineUnavailable(f"The pipeline {pipeline} cannot be read: {error.strerror}.", "Name an existing file.") from error
    try:
        specs = parse_pipeline(text)
    except PipelineError as error:
        raise EngineUnavailable(f"The pipeline {pipeline} is not valid. {error.message}", error.remedy) from error
    scores = [spec for spec in specs if OWN_SCORES.fullmatch(spec.name)]
    classifying = [spec for spec in specs if spec not in scores]
    if not classifying:
        raise EngineUnavailable(f"No stream of {pipeline} classifies images.", "Add a stream with a post-process.")
    configs = [_config(pipeline, spec) for spec in classifying]
    if len({config.softmax for config in configs}) > 1:
        raise EngineUnavailable(f"The streams of {pipeline} have different values of SOFTMAX.", "Give every stream the same .cfg.")
    streams = tuple(_scores_stream(pipeline, spec) for spec in scores)
    full = FullScores(streams, configs[0].classes, _labels(pipeline, classifying[0])) if streams else None
    return StreamPlan(text, tuple(spec.name for spec in classifying), OWN_DEPTH, "probability" if configs[0].softmax else "logit", full)


def _check(pipeline: Path, spec: StreamSpec, *factories: str) -> str:
    """Check a stream; returns the name of its sink."""
    for factory in factories:
        if len(spec.of_factory(factory)) != 1:
            raise EngineUnavailable(f"Stream {spec.name!r} of {pipeline} must have exactly one {factory}.")
    sink = spec.of_factory("appsink")[0].name
    if not re.fullmatch(r"appsink[0-9]+", sink):
        raise EngineUnavailable(f"Stream {spec.name!r} of {pipeline}: a sink with the name {sink!r} never delivers.", "Call it appsink0.")
    return sink


def _config(pipeline: Path, spec: StreamSpec) -> ClassificationConfig:
    _check(pipeline, spec, "appsrc", "mxpi_classpostprocessor", "mxpi_dataserialize", "appsink")
    props = spec.of_factory("mxpi_classpostprocessor")[0].props
    try:
        return ClassificationConfig.of(props["postProcessConfigContent"], str(props["postProcessConfigPath"]))
    except ValueError as error:
        raise EngineUnavailable(f"Stream {spec.name!r} of {pipeline}: {error}.", "Correct the post-process.") from error


def _scores_stream(pipeline: Path, spec: StreamSpec) -> ScoresStream:
    sink = _check(pipeline, spec, "appsrc", "mxpi_tensorinfer", "appsink")
    return ScoresStream(spec.name, sink, spec.of_factory("mxpi_tensorinfer")[0].name)


def _labels(pipeline: Path, spec: StreamSpec) -> tuple[str, ...]:
    path = str(spec.of_factory("mxpi_classpostprocessor")[0].props["labelPath"])
    try:
        return tuple(read_labels(plain_file("labelPath", path))) if path else ()
    except (ValueError, OSError) as error:
        raise EngineUnavailable(f"Stream {spec.name!r} of {pipeline}: {error}.", "Correct the post-process.") from error
