"""What an import does with a model of the same name that is in the store."""

from convert.conversion_errors import ConvertError
from models.manifest import ModelManifest
from models.store import ModelStore
from models.store_writer import same_model, stored


def with_former_version(store: ModelStore, manifest: ModelManifest) -> ModelManifest:
    """With the version of the model in the store, if it was made from the same file: another release may have counted other weights."""
    former = stored(store, manifest.name)
    same = former and former.manifest.origin and manifest.origin and former.manifest.origin.sha256 == manifest.origin.sha256
    return manifest.model_copy(update={"version": former.manifest.version}) if former and same else manifest


def check_replaceable(store: ModelStore, manifest: ModelManifest) -> None:
    """Raise ConvertError where the new model would take the place of another one."""
    former, place = stored(store, manifest.name), store.root / manifest.name
    if (former and not same_model(former.manifest, manifest)) or (former is None and place.exists()):
        raise ConvertError(f"{place} holds the weights of another file or another recipe.", "Use --force to replace them.")
