"""What the store and the zoo have, as rows of a table."""

from dataclasses import dataclass

from models.artifact_agreement import check_agreement
from models.manifest import ModelManifest
from models.model_errors import ArtifactDamaged, ModelError
from models.rebuild_command import rebuild_remedy
from models.store import ModelStore, StoredModel, zoo_manifest, zoo_names


@dataclass(frozen=True)
class ListedModel:
    """A model; `manifest` is None if it cannot be read. `size_bytes` is that of the folder, 0 in the zoo.

    `problem` says why it cannot be served, as far as that shows without a hash of its files.
    """

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
    folder = store.folder(name)
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) if prepared else 0
    if not prepared:
        return ListedModel(name, prepared, zoo_manifest(name), size)
    try:
        model = store.open(name)
    except ModelError as error:
        return ListedModel(name, prepared, None, size, str(error))
    return ListedModel(name, prepared, model.manifest, size, _problem(model))


def _problem(model: StoredModel) -> str:
    manifest = model.manifest
    try:
        for artifact in manifest.artifacts:
            path = model.folder / artifact.file
            if not path.is_file():
                raise ArtifactDamaged(f"{path} is missing.", rebuild_remedy(manifest, model.folder, artifact.soc, artifact.computes))
            check_agreement(manifest, artifact, model.folder)
    except (ModelError, OSError) as error:
        return str(error)
    return ""
