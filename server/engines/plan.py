"""What the stream engine will run: a rendered pipeline, or a person's own, with what the driver must know of it."""

import re
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from models.manifest import MAX_CLASSES
from models.store import StoredModel
from pipelines.classification import ClassificationConfig
from pipelines.classifier_config import ClassifierLimits, render_classifier
from pipelines.cpu.text.spec import StreamSpec, parse_pipeline
from pipelines.pipeline_errors import PipelineError
from pipelines.render import PipelinePaths, render_config, render_pipeline
from server.errors import EngineUnavailable
from server.types import Runtime, ScoreType

# Images in one stream of a person's own pipeline. The batch of its model is not known here; ten unclaimed results are what
# the vendor's engine holds, so a batch of eight can fill.
OWN_DEPTH = 10


@dataclass(frozen=True)
class StreamPlan:
    """A pipeline text and how to drive it; `depth` images may be in one stream at once."""

    text: bytes
    streams: tuple[str, ...]
    depth: int
    score_type: ScoreType
    folder: tempfile.TemporaryDirectory[str] | None = field(default=None, repr=False)

    def close(self) -> None:
        """Remove the rendered files."""
        if self.folder:
            self.folder.cleanup()


@dataclass(frozen=True)
class ClassifierPlan:
    """The configuration of the compiled classifier, the labels by class id, and the runtime it must be built for."""

    config: str
    labels: tuple[str, ...]
    runtime: str


def plan_classifier(model: StoredModel, runtime: Runtime, soc: str, limits: ClassifierLimits, device: int = 0) -> ClassifierPlan:
    """Render the compiled engine's configuration for one chip; raises ModelError when an artifact is missing or damaged."""
    _, path = model.check_artifact("cpu" if runtime == "cpu" else soc)
    config = render_classifier(model.manifest, str(path.with_suffix(".om").absolute()), limits, device)
    return ClassifierPlan(config, model.read_class_names(), runtime)


def plan_rendered(model: StoredModel, runtime: Runtime, soc: str, streams: int, device: int = 0) -> StreamPlan:
    """Render the model's pipeline for one chip; raises ModelError when an artifact is missing or damaged."""
    manifest = model.manifest
    if manifest.classes > MAX_CLASSES:
        raise EngineUnavailable(f"{manifest.name} has {manifest.classes} classes; the vendor's post-process takes {MAX_CLASSES}.")
    artifact, path = model.check_artifact("cpu" if runtime == "cpu" else soc)
    labels = model.check_labels()
    folder = tempfile.TemporaryDirectory(prefix="ascend-classify-")
    config = Path(folder.name) / f"{manifest.name}.cfg"
    config.write_text(render_config(manifest), "utf-8")
    config.chmod(0o640)  # the SDK refuses what others can write
    names = [f"classify{number}" for number in range(streams)]
    paths = PipelinePaths(str(path.with_suffix(".om").absolute()), str(config), str(labels.absolute()))
    # One image works and one waits; where a batch is formed, a whole one must fit beside them. The vendor's table of
    # unclaimed results has ten places, which bounds the batch that can be waited for.
    depth = 2 if artifact.batch_sizes == (1,) else artifact.batch_sizes[-1] + 2
    return StreamPlan(render_pipeline(manifest, paths, names, device), tuple(names), depth, "probability", folder)


def plan_own(pipeline: Path) -> StreamPlan:
    """A hand-written pipeline; every stream of it must lead from one appsrc through a classification to one appsink."""
    try:
        text = pipeline.read_bytes()
    except OSError as error:
        raise EngineUnavailable(f"The pipeline {pipeline} cannot be read: {error.strerror}.", "Name an existing file.") from error
    try:
        specs = parse_pipeline(text)
    except PipelineError as error:
        raise EngineUnavailable(f"The pipeline {pipeline} is not valid. {error.message}", error.remedy) from error
    kinds = {_score_type(pipeline, spec) for spec in specs}
    if len(kinds) > 1:
        raise EngineUnavailable(f"The streams of {pipeline} disagree on SOFTMAX.", "Give every stream the same .cfg.")
    return StreamPlan(text, tuple(spec.name for spec in specs), OWN_DEPTH, kinds.pop())


def _score_type(pipeline: Path, spec: StreamSpec) -> ScoreType:
    for factory in ("appsrc", "mxpi_classpostprocessor", "mxpi_dataserialize", "appsink"):
        if len(spec.of_factory(factory)) != 1:
            raise EngineUnavailable(f"Stream {spec.name!r} of {pipeline} must have exactly one {factory}.")
    sink = spec.of_factory("appsink")[0].name
    if not re.fullmatch(r"appsink[0-9]+", sink):
        raise EngineUnavailable(f"Stream {spec.name!r} of {pipeline}: a sink called {sink!r} never delivers.", "Call it appsink0.")
    props = spec.of_factory("mxpi_classpostprocessor")[0].props
    try:
        config = ClassificationConfig.of(props["postProcessConfigContent"], str(props["postProcessConfigPath"]))
    except ValueError as error:
        raise EngineUnavailable(f"Stream {spec.name!r} of {pipeline}: {error}.", "Mend the post-process.") from error
    return "probability" if config.softmax else "logit"
