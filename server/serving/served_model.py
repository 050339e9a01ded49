"""A model and the engine that runs it; a reload exchanges the whole pair."""

from dataclasses import dataclass, field

from models.store import StoredModel
from server.engines.fleet.fleet import Fleet


@dataclass(frozen=True, slots=True, eq=False)
class ServedModel:
    """A model and its engine; `words` name the model in replies."""

    model: StoredModel
    engine: Fleet
    words: dict[str, object] = field(init=False)

    def __post_init__(self) -> None:
        manifest = self.model.manifest
        object.__setattr__(self, "words", {"model": manifest.name, "version": manifest.version})
