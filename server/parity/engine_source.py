"""A side of a comparison that is the serving engine, in this process."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from models.manifest import Artifact, Precision
from models.model_errors import ClassifyError
from models.store import StoredModel, sha256_of
from server.engines.served_precision import wanted_precision
from server.parity.sources import SourceAnswer
from server.serving.classify_files import classify_files
from server.serving.service_assembly import choose_runtime
from server.settings import Settings
from server.types import Runtime

ArtifactScores = Literal["logit", "probability"]
"""What a network can give: the values of `Artifact.score_type`."""


@dataclass(frozen=True)
class ModelWithFile(StoredModel):
    """A model of the store with another artifact file; `batch_sizes` and `score_type` belong to the file."""

    file: Path
    batch_sizes: tuple[int, ...] = (1,)
    score_type: ArtifactScores = "logit"

    def check_artifact(
        self,
        soc: str,
        precision: Precision = "f32",  # noqa: ARG002 - of the store's model
        *,
        network_only: bool = False,  # noqa: ARG002
    ) -> tuple[Artifact, Path]:
        """The file, for any device and whatever recipe it was made for: the comparison is there to show it."""
        sha256 = sha256_of(self.file)
        return Artifact(file="artifact", sha256=sha256, soc=soc, batch_sizes=self.batch_sizes, score_type=self.score_type), self.file


class EngineSource:
    """A model on the stream engine, with the pipeline rendered from its manifest."""

    def __init__(self, side: str, settings: Settings, model: StoredModel, runtime: Runtime | None = None) -> None:
        """Without a `runtime`, the settings name it. A hand-written pipeline in the settings has no effect here."""
        self.runtime = runtime or choose_runtime(settings)
        changes = {"runtime": self.runtime, "engines": "stream", "pipeline": None, "model": model.manifest.name}
        own = {} if self.runtime == "cpu" else {"precision": ""}  # of the OM
        self._settings = settings.model_copy(update=changes | own)
        self._model = model
        told = {"precision": wanted_precision(self._settings, model.manifest)} if self.runtime == "cpu" else {}
        self.facts = model_facts(side, model) | {"engine": "stream", "runtime": self.runtime, "decode": settings.decode} | told

    def answers(self, paths: Sequence[Path]) -> Generator[SourceAnswer]:
        """One answer per file, in order; the engine's capacity limits the images in progress."""
        for _, outcome in classify_files(self._settings, list(paths), self._model):
            yield outcome if isinstance(outcome, ClassifyError) else outcome.scores


def model_facts(side: str, model: StoredModel) -> dict[str, str]:
    """The facts about a side, from a manifest."""
    manifest = model.manifest
    return {
        "side": side,
        "model": manifest.name,
        "version": manifest.version,
        "recipe_sha256": manifest.recipe.sha256,
        "labels_sha256": manifest.labels_sha256,
    }
