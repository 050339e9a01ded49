"""What the store and the zoo have, as rows of a table."""

from dataclasses import dataclass

from models.manifest import ModelManifest
from models.model_errors import ModelError
from models.store import ModelStore, zoo_names


@dataclass(frozen=True)
class ListedModel:
    """A model; `manifest` is None if it cannot be read, and `problem` says why. `size_bytes` is that of the folder, 0 in the zoo."""

    name: str
    prepared: bool
    manifest: ModelManifest | None = None
    size_bytes: int = 0
    problem: str = ""

    @property
    def targets(self) -> tuple[str, ...]:
        """The kinds of devices for which it has artifacts."""
        return tuple(artifact.soc for artifact in self.manifest.artifacts) if self.manifest else ()


def list_models(store: ModelStore) -> list[ListedModel]:
    """The models of the store and those that can be prepared, sorted; a damaged one is listed with its problem."""
    prepared = set(store.names())
    return [_listed(store, name, prepared=name in prepared) for name in sorted(prepared | set(zoo_names()))]


def _listed(store: ModelStore, name: str, *, prepared: bool) -> ListedModel:
    folder = store.root / name
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) if prepared else 0
    try:
        return ListedModel(name, prepared, store.manifest(name), size)
    except ModelError as error:
        return ListedModel(name, prepared, None, size, str(error))
