"""The repository extension: which models there are, and another version of one. A load is a reload, with its digests and golden image."""

from collections.abc import Mapping

from server.errors import BadRequest, ReloadRefused
from server.oip.protocol_reply import ProtocolReply
from server.serving.registry import RegisteredModel
from server.serving.reload import Reloader
from server.serving.served_model import ServedModel
from server.serving.service import Service

READY, UNAVAILABLE = "READY", "UNAVAILABLE"
_FILE = "file:"


class ModelEntry(ProtocolReply):
    """A model of the repository: `state` is READY or UNAVAILABLE, and `reason` says why."""

    name: str
    version: str
    state: str
    reason: str = ""


def is_ready(service: Service, model: RegisteredModel) -> tuple[bool, str]:
    """Whether a model answers, and the reason if not."""
    ok, _, reason = service.readiness()
    health = model.engine.health()
    return ok and health.ok, reason or health.reason


def repository_index(service: Service, *, ready_only: bool) -> list[ModelEntry]:
    """The models, or those that answer."""
    entries = []
    for model in service.models:
        ready, reason = is_ready(service, model)
        if ready or not ready_only:
            state = READY if ready else UNAVAILABLE
            entries.append(ModelEntry(name=model.name, version=model.model.manifest.version, state=state, reason=reason))
    return entries


async def load_model(reloader: Reloader, name: str, parameters: Mapping[str, object]) -> ServedModel:
    """Serve what the store holds now of a model. Raises BadRequest, NotFound, ReloadRefused; the old version then stays."""
    if given := next((each for each in parameters if each == "config" or each.startswith(_FILE)), None):
        raise BadRequest(
            f"A load does not take {given[:80]!r}: a model comes from the store of this server only.",
            "Put it there with `ascend-classify convert import`, and load it without parameters.",
        )
    return await reloader.reload(name)


def unload_model(model: RegisteredModel) -> None:
    """Raise ReloadRefused: a model is served as long as the server runs."""
    raise ReloadRefused(
        f"The model {model.name} is the one that this server serves, and stays.", "Stop the server, or load another version."
    )
