"""The labels of all classes of a model, read once."""

from models.store import StoredModel

_MAX_KNOWN = 32
_known: dict[str, tuple[str, ...]] = {}
"""By the digest of the list: another version of a model may have the same one."""


def labels_of(model: StoredModel) -> tuple[str, ...]:
    """The labels, by class id; raises ArtifactDamaged."""
    digest = model.manifest.labels_sha256
    found = _known.get(digest)
    if found is None:
        if len(_known) >= _MAX_KNOWN:
            _known.clear()
        found = _known[digest] = model.read_class_names()
    return found
