"""POST /explain, a bare ASGI application as POST /classify is one; its OpenAPI is written by hand."""

from collections.abc import Mapping
from time import perf_counter

from starlette.datastructures import QueryParams
from starlette.types import Receive, Scope, Send

from server.api.asked_model import MODEL, asked_model
from server.api.body import read_images
from server.api.classify_routes import number, send_json
from server.api.error_response import told
from server.api.request_context import RequestContext, context_of, watch_of
from server.api.unknown_names import unknown_name
from server.errors import BadRequest
from server.images.occlusion import LEAST_GRID, MOST_GRID
from server.serving.budgets import BodyBudget, BodyHold
from server.serving.explanations import Explainer, Explanation, ExplanationRequest, runs_of
from server.serving.inspection_pool import InspectionPool
from server.serving.registry import Registry
from server.settings import Settings

OPTIONS = ("class_id", "grid", "timeout_ms")


class ExplainRoute:
    """Answers POST /explain."""

    def __init__(self, models: Registry, budget: BodyBudget, settings: Settings) -> None:
        self._models = models
        self._budget = budget
        self._settings = settings
        self._inspection = InspectionPool(settings.max_image_pixels)
        self._explainer = Explainer(settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request; raises ServiceError."""
        context, options = context_of(scope), _options(scope)
        grid = self._explainer.grid(_in_bounds(options, "grid", LEAST_GRID, MOST_GRID))
        class_id = _in_bounds(options, "class_id", 0, 2**31 - 1)
        model = self._models.get(asked_model(scope))  # no canary: what is asked next shall come from the same model
        self._explainer.check_turn(context.client)
        with model.in_use(), BodyHold(self._budget, context.client, model.name) as hold:
            body = await read_images(scope, receive, self._settings, 1, hold)
            if other := next((name for name in body.options if name not in OPTIONS), None):
                raise unknown_name("The option", other, OPTIONS)
            context.stages_s["read"] = perf_counter() - context.started_s
            deadline_s = model.admission.deadline_s(number(options | body.options, "timeout_ms"))
            with self._explainer.turn(context.client), context.unless_abandoned(watch_of(scope, receive)):
                image = await self._inspection.inspect(body.images.pop())
                hold.shrink_to(len(image.data))
                asked = ExplanationRequest(image, grid, class_id, context.request_id, deadline_s)
                found = await self._explainer.explain(model, asked)
        context.engine = found.base.engine
        await send_json(send, _words(found, grid, context))


def _options(scope: Scope) -> dict[str, str]:
    """Those of the query; raises BadRequest for one that is unknown or comes twice."""
    query = QueryParams(scope["query_string"])
    if len(query.multi_items()) > len(query):
        raise BadRequest("A parameter occurs twice in the query.")
    for name in query:
        if name not in OPTIONS and name != MODEL:
            raise unknown_name("The query parameter", name, (MODEL, *OPTIONS))
    number(query, "timeout_ms")
    return dict(query)


def _in_bounds(options: Mapping[str, str], name: str, low: int, high: int) -> int | None:
    """A whole number among the options, or None; raises BadRequest."""
    text = options.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 12 and low <= int(text) <= high):
        raise BadRequest(f"{name} must be a whole number from {low} to {high}, not {text[:40]!r}.")
    return int(text)


def _words(found: Explanation, grid: int, context: RequestContext) -> dict[str, object]:
    base, explained = found.base, found.explained
    width_px, height_px = found.size_px
    failures = [{"row": each.row, "column": each.column, "error": told(each.error), "code": each.error.code} for each in found.failures]
    return {
        **found.served.words,
        "engine": base.engine,
        "score_type": base.score_type,
        "explained": {"class_id": explained.class_id, "label": explained.label, "score": explained.score},
        "width_px": width_px,
        "height_px": height_px,
        "grid": grid,
        "falls": found.falls,
        "runs": runs_of(grid),
        "bounded": found.bounded,
        "failures": failures,
        "timing_ms": {"read": round(context.stages_s["read"] * 1000, 3), "total": round((perf_counter() - context.started_s) * 1000, 3)},
    }
