"""The repository extension: which models there are, and another version of one. A load is a reload, with its digests and golden image."""

from collections.abc import Mapping

from models.store import ModelStore
from server.errors import BadRequest
from server.oip.protocol_reply import ProtocolReply
from server.serving.registry import RegisteredModel
from server.serving.reload import Reloader
from server.serving.served_model import ServedModel
from server.serving.service import Phase, Service

READY, UNAVAILABLE, UNLOADED = "READY", "UNAVAILABLE", "unloaded"
_FILE = "file:"


class ModelEntry(ProtocolReply):
    """A model of the repository: `state` is READY or UNAVAILABLE, and `reason` says why."""

    name: str
    version: str
    state: str
    reason: str = ""


def is_ready(service: Service, model: RegisteredModel) -> tuple[bool, str]:
    """Whether a model answers, and the reason if not."""
    if service.phase is not Phase.READY:
        return False, service.readiness()[2] or f"The server is {service.phase}."
    health = model.engine.health()
    return health.ok, health.reason


def repository_index(service: Service, *, ready_only: bool) -> list[ModelEntry]:
    """The models, or those that answer. With MODEL_CONTROL=explicit also those of the store that a load would serve; reads its folder."""
    entries = []
    for model in service.models:
        ready, reason = is_ready(service, model)
        if ready or not ready_only:
            state = READY if ready else UNAVAILABLE
            entries.append(ModelEntry(name=model.name, version=model.model.manifest.version, state=state, reason=reason))
    if not ready_only and service.settings.model_control == "explicit":
        served = {model.name for model in service.models}
        names = [name for name in ModelStore(service.settings.model_store).names() if name not in served]
        entries += [ModelEntry(name=name, version="", state=UNAVAILABLE, reason=UNLOADED) for name in names]
    return entries


async def load_model(reloader: Reloader, name: str, parameters: Mapping[str, object]) -> ServedModel:
    """Serve what the store holds now of a model, or one more. Raises BadRequest, NotFound, ReloadRefused; an old version then stays."""
    if given := next((each for each in parameters if each == "config" or each.startswith(_FILE)), None):
        raise BadRequest(
            f"A load does not take {given[:80]!r}: a model comes from the store of this server only.",
            "Put it there with `ascend-classify convert import`, and load it without parameters.",
        )
    return await reloader.load(name)
