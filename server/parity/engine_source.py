"""A side that is the engine which serves, in this process."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path

from models.manifest import Artifact
from models.model_errors import ClassifyError
from models.store import StoredModel, sha256_of
from server.parity.sources import SourceAnswer
from server.serving.classify_files import classify_files
from server.serving.service_assembly import choose_runtime
from server.settings import Settings
from server.types import Runtime


@dataclass(frozen=True)
class ModelWithFile(StoredModel):
    """A model of the store, but for its artifact, which is a file of one's own; `batch_sizes` are those of the file."""

    file: Path
    batch_sizes: tuple[int, ...] = (1,)

    def check_artifact(self, soc: str) -> tuple[Artifact, Path]:
        """The file, for whatever device is asked."""
        return Artifact(file="artifact", sha256=sha256_of(self.file), soc=soc, batch_sizes=self.batch_sizes), self.file


class EngineSource:
    """A model through the stream engine, by the pipeline that is rendered from its manifest."""

    def __init__(self, side: str, settings: Settings, model: StoredModel, runtime: Runtime | None = None) -> None:
        """Without a `runtime` the settings name it. A hand-written pipeline of the settings does not count here."""
        self.runtime = runtime or choose_runtime(settings)
        changes = {"runtime": self.runtime, "engines": "stream", "pipeline": None, "model": model.manifest.name}
        self._settings = settings.model_copy(update=changes)
        self._model = model
        self.facts = model_facts(side, model) | {"engine": "stream", "runtime": self.runtime}

    def answers(self, paths: Sequence[Path]) -> Generator[SourceAnswer]:
        """One answer a file, in order; as many are under way as the engine takes."""
        for _, outcome in classify_files(self._settings, list(paths), self._model):
            yield outcome if isinstance(outcome, ClassifyError) else outcome.scores


def model_facts(side: str, model: StoredModel) -> dict[str, str]:
    """What a manifest tells of a side."""
    manifest = model.manifest
    return {
        "side": side,
        "model": manifest.name,
        "version": manifest.version,
        "recipe_sha256": manifest.recipe.sha256,
        "labels_sha256": manifest.labels_sha256,
    }
