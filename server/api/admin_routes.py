"""POST /admin/models/reload, the routes that load and unload models, and POST /admin/drain."""

from collections.abc import Callable, Coroutine
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request

from server.api.openapi import refusals
from server.api.schemas import HealthReply, ReloadReply, UnloadReply
from server.errors import Forbidden, NotFound, ReloadRefused
from server.serving.reload import Reloader
from server.serving.served_model import ServedModel
from server.serving.service import Service

Named = Annotated[str | None, Query(description="Name of the model; without one the default.")]


def admin_routes(service: Service, reloader: Reloader, allowed: Callable[[Request], Coroutine[None, None, None]]) -> APIRouter:
    """The admin routes; `allowed` is asked first."""
    router = APIRouter(prefix="/admin", tags=["admin"], dependencies=[Depends(allowed)], responses=refusals(Forbidden))
    refused = refusals(NotFound, ReloadRefused)

    @router.post("/models/reload", summary="Serve the model that the store holds now", responses=refused)
    async def reload_model(model: Named = None) -> ReloadReply:
        """Load and warm the new version, check it with its golden image, let it replace the old one, and drain the old one."""
        return _told(await reloader.reload(model))

    @router.post("/models/{name}/load", summary="Serve one more model of the store", responses=refused)
    async def load_model(name: str) -> ReloadReply:
        """Load, warm and check it, within MODEL_MEMORY_BYTES. One that is served is reloaded. Needs MODEL_CONTROL=explicit."""
        return _told(await reloader.load(name))

    @router.post("/models/{name}/unload", summary="Serve a model no longer", responses=refused)
    async def unload_model(name: str) -> UnloadReply:
        """Take no more requests for it, answer those there are, and release it. The default model stays. Needs MODEL_CONTROL=explicit."""
        await reloader.unload(name)
        return UnloadReply(model=name)

    @router.post("/drain", status_code=202, summary="End the server as SIGTERM does, without losing a request")
    async def drain() -> HealthReply:
        """Report not ready, close the listener after DRAIN_DELAY_S, answer what is in flight, and end. Nothing takes it back."""
        service.on_drain()
        return HealthReply(status=service.phase)

    return router


def _told(served: ServedModel) -> ReloadReply:
    manifest = served.model.manifest
    return ReloadReply(model=manifest.name, version=manifest.version, recipe_sha256=manifest.recipe.sha256)
