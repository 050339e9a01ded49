"""The models beside a served one: a canary, which answers a share of its requests, and a shadow, whose answers are only compared."""

from collections.abc import Collection, Iterable, Mapping
from hashlib import blake2b
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from models.nearest_name import nearest_name
from models.store import StoredModel
from server.settings import SettingInvalid


class Companions(BaseModel):
    """The names of both, as a section of MODELS_FILE has them; None without one. `canary_share` is between 0 and 1, both included."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    canary: str | None = None
    canary_share: float = Field(0.05, ge=0, le=1)
    shadow: str | None = None

    def canary_takes(self, request_id: str) -> bool:
        """Whether a request is of the canary's share. The id alone decides: a request that is tried again meets the same model."""
        if self.canary is None:
            return False
        digest = blake2b(request_id.encode(), digest_size=8).digest()
        return int.from_bytes(digest) < self.canary_share * 2**64


NO_COMPANIONS = Companions()
COMPANIONS = tuple(Companions.model_fields)
"""What a section may hold about them."""


def read_companions(section: Mapping[str, Any], where: str) -> Companions:
    """The companions of a section; `where` names it in the message. Raises SettingInvalid."""
    try:
        found = Companions(**{name: value for name, value in section.items() if name in COMPANIONS})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise SettingInvalid(
            f"{where}: {first['loc'][0]} cannot be {first['input']!r}: {first['msg']}.",
            'Correct it there, as canary = "NAME" with canary_share = 0.05, or shadow = "NAME".',
        ) from error
    if "canary_share" in section and found.canary is None:
        raise SettingInvalid(f"{where} has a canary_share, and no canary.", 'Name the model that gets the share there: canary = "NAME".')
    return found


def check_names(companions: Companions, name: str, known: Collection[str], where: str) -> None:
    """Check that the companions of a model are others that can be served; raises SettingInvalid."""
    for kind in ("canary", "shadow"):
        companion = getattr(companions, kind)
        if companion == name:
            raise SettingInvalid(f"{where}: {name} cannot be its own {kind}.", f"Name another model of MODELS there, or leave {kind} out.")
        if companion is not None and companion not in known:
            near = nearest_name(companion, known)
            meant = f"Did you mean {near!r}? " if near else ""
            raise SettingInvalid(
                f"{where}: the {kind} {companion[:80]!r} is not served.", f"{meant}Name a model of MODELS there: {', '.join(known)}."
            )


def check_labels(models: Iterable[tuple[StoredModel, Companions]]) -> None:
    """Check that a shadow has the labels of its model, without which nothing could be compared; raises SettingInvalid."""
    found = {model.manifest.name: (model.manifest, companions) for model, companions in models}
    for name, (manifest, companions) in found.items():
        shadow = found.get(companions.shadow or "")
        if shadow and shadow[0].labels_sha256 != manifest.labels_sha256:
            raise SettingInvalid(
                f"The shadow {companions.shadow} of {name} has another list of labels, so that their answers cannot be compared.",
                f"Leave shadow out of [{name}] in the file of MODELS_FILE, or name a model with the same labels there.",
            )
