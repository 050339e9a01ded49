"""POST /admin/models/reload."""

from collections.abc import Callable, Coroutine

from fastapi import APIRouter, Depends
from starlette.requests import Request

from server.api.openapi import refusals
from server.api.schemas import ReloadReply
from server.errors import Forbidden, ReloadRefused
from server.serving.reload import Reloader


def admin_routes(reloader: Reloader, allowed: Callable[[Request], Coroutine[None, None, None]]) -> APIRouter:
    """The admin routes; `allowed` is asked first."""
    router = APIRouter(prefix="/admin", tags=["admin"], dependencies=[Depends(allowed)])

    @router.post(
        "/models/reload",
        summary="Serve the model that the store holds now",
        responses=refusals(Forbidden, ReloadRefused),
    )
    async def reload_model() -> ReloadReply:
        """Load and warm the new version, check it with its golden image, let it replace the old one, and drain the old one."""
        manifest = (await reloader.reload()).model.manifest
        return ReloadReply(model=manifest.name, version=manifest.version, recipe_sha256=manifest.recipe.sha256)

    return router
