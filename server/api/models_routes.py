"""GET /models: every model of this server, as a page or as JSON."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header
from starlette.requests import Request
from starlette.responses import HTMLResponse

from server.api.guard import Guard
from server.api.model_cards import ModelsReply, model_cards
from server.api.pages import page, prefers_html
from server.errors import Forbidden
from server.evaluation.jobs.evaluations import Evaluations
from server.serving.service import Service

_BOTH: dict[int | str, dict[str, Any]] = {200: {"content": {"text/html": {"schema": {"type": "string"}}}}}


def models_routes(service: Service, evaluations: Evaluations, allowed: Guard) -> APIRouter:
    """The route. Everybody may look; `allowed` says who may change models, and see what evaluations say of them."""
    router = APIRouter(tags=["service"])

    async def may_change(request: Request) -> bool:
        try:
            await allowed(request)
        except Forbidden:
            return False
        return True

    @router.get(
        "/models",
        summary="The models, served and stored: a page or JSON, by Accept",
        response_model=ModelsReply,
        responses=_BOTH,
    )
    async def models(
        request: Request,
        changes: Annotated[bool, Depends(may_change)],
        accept: Annotated[str, Header(include_in_schema=False)] = "*/*",
    ) -> ModelsReply | HTMLResponse:
        cards = await asyncio.to_thread(model_cards, service, evaluations, may_change=changes)
        return page(request, "models", cards=cards) if prefers_html(accept) else cards

    return router
