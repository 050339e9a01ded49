"""GET /status: the page with what the server does now, and what it did in the last ten minutes; or the same as JSON."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query
from starlette.requests import Request
from starlette.responses import Response

from server.api.openapi import refusals
from server.api.pages import page, prefers_html
from server.api.status_schemas import EngineState, EvaluationState, ModelState, StatusReply
from server.errors import BadRequest, Forbidden
from server.evaluation.evaluation_errors import EvaluationLost
from server.evaluation.jobs.evaluation_job import Job
from server.evaluation.jobs.evaluations import Evaluations
from server.serving.history import BOUNDS, EVERY_S, History
from server.serving.registry import RegisteredModel
from server.serving.service import Service
from server.web.languages import language_of
from server.web.server_words import phrases

EVALUATIONS = 5
"""The newest, which the page shows."""
_PAGE: dict[int | str, dict[str, Any]] = {200: {"content": {"text/html": {}}}}
Since = Annotated[float, Query(ge=0, allow_inf_nan=False, description="Only the samples after this time; 0 for all.")]


def status_routes(
    service: Service, history: History, evaluations: Evaluations, allowed: Callable[[Request], Coroutine[None, None, None]]
) -> APIRouter:
    """The status route. It is open as /info is; `allowed` decides whether the client may change something."""
    router = APIRouter(tags=["service"])

    @router.get(
        "/status",
        summary="What the server does now, and did in the last ten minutes: a page or JSON, by the header Accept",
        response_model=StatusReply,
        response_model_exclude_defaults=True,
        responses=_PAGE | refusals(BadRequest),
    )
    async def status(
        request: Request, response: Response, since: Since = 0.0, accept: Annotated[str, Header(include_in_schema=False)] = "*/*"
    ) -> StatusReply | Response:
        """The samples of all models together; each page or client asks for those that it does not have."""
        if prefers_html(accept):
            return page(request, "status", data=phrases(language_of(request.headers)))
        response.headers["Vary"] = "Accept"
        may_change = await _passes(request, allowed)
        _, state, reason = service.readiness()
        return StatusReply(
            status=state,
            reason=reason,
            version=version("ascend-classify"),
            uptime_s=round(time.monotonic() - history.began_s, 1),
            now_s=round(time.time(), 3),
            may_change=may_change,
            models=[_model(model) for model in service.models],
            evaluations=await asyncio.to_thread(_newest, evaluations) if may_change else [],
            every_s=EVERY_S,
            bounds={name: list(bounds) for name, bounds in BOUNDS.items()},
            samples=history.since(since),
        )

    return router


async def _passes(request: Request, allowed: Callable[[Request], Coroutine[None, None, None]]) -> bool:
    try:
        await allowed(request)
    except Forbidden:
        return False
    return True


def _model(model: RegisteredModel) -> ModelState:
    manifest = model.model.manifest
    return ModelState(
        model=manifest.name,
        version=manifest.version,
        precision=model.served.precision,
        engine=model.engine.name,
        in_flight=model.engine.share.held,
        switches=model.metrics.switches,
        engines=[EngineState.model_validate(status, from_attributes=True) for status in model.engine.statuses()],
    )


def _newest(evaluations: Evaluations) -> list[EvaluationState]:
    try:
        return [_evaluation(job) for job in evaluations.newest(EVALUATIONS)]
    except EvaluationLost:  # the log and GET /evaluate say why
        return []


def _evaluation(job: Job) -> EvaluationState:
    told = job.model_dump(include={"id", "state", "done", "total", "top1"})
    return EvaluationState(dataset=job.request.dataset, model=job.request.model, created=datetime.fromtimestamp(job.created_s, UTC), **told)
