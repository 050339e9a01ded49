"""POST /classify and POST /classify/batch."""

import asyncio
import re
from collections.abc import Iterable, Mapping
from time import perf_counter
from typing import NamedTuple

from pydantic_core import to_json
from starlette.datastructures import QueryParams
from starlette.types import Receive, Scope, Send

from models.manifest import MAX_TOP_K
from server.api.asked_model import MODEL, asked_model
from server.api.body import is_short, read_images
from server.api.error_response import told
from server.api.image_body import OPTIONS, ImageBody
from server.api.request_context import INVITED, RequestContext, context_of, watch_of
from server.api.unknown_names import unknown_name
from server.calibration.coverage_levels import LEAST_COVERAGE, MOST_COVERAGE
from server.engines.work import InferenceRequest
from server.errors import BadRequest, Saturated, ServiceError
from server.serving.budgets import BodyBudget, BodyHold
from server.serving.inspection_pool import InspectionPool
from server.serving.registry import RegisteredModel, Registry
from server.serving.served_model import ServedModel
from server.settings import Settings
from server.telemetry.tracing import named
from server.types import ClassScore, Prediction

DEFAULT_TOP_K = 5


class _Answer(NamedTuple):
    """A prediction, and the model that made it."""

    served: ServedModel
    prediction: Prediction

    def words(self, top_k: int) -> dict[str, object]:
        """The reply."""
        prediction = self.prediction
        words = {
            **self.served.words,
            "engine": prediction.engine,
            "score_type": prediction.score_type,
            "predictions": _classes(prediction.scores[:top_k]),
        }
        if found := prediction.prediction_set:
            words["prediction_set"] = {"coverage": found.coverage, "classes": _classes(found.classes)}
        return words


def _classes(scores: Iterable[ClassScore]) -> list[dict[str, object]]:
    return [{"class_id": s.class_id, "label": s.label, "score": s.score} for s in scores]


class _Asked(NamedTuple):
    """The options of a request."""

    top_k: int
    deadline_s: float
    coverage: float | None

    @classmethod
    def of(cls, options: Mapping[str, str], model: RegisteredModel) -> "_Asked":
        """Raises BadRequest, or NotCalibrated for a coverage that the model cannot give."""
        coverage = share(options, "coverage")
        model.served.check_coverage(coverage)
        deadline_s = model.admission.deadline_s(number(options, "timeout_ms"))
        return cls(number(options, "top_k", MAX_TOP_K) or DEFAULT_TOP_K, deadline_s, coverage)


class ClassifyRoutes:
    """The two routes of the hot path, as bare ASGI applications; their OpenAPI is written by hand."""

    def __init__(self, models: Registry, budget: BodyBudget, settings: Settings) -> None:
        self._models = models
        self._budget = budget
        self._settings = settings
        self._inspection = InspectionPool(settings.max_image_pixels)
        self._batch_turn = asyncio.Lock()

    async def classify(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Classify one image; answers with the best classes."""
        context, model = self._answering(scope)
        self._check_room(model, scope)
        with model.in_use(), BodyHold(self._budget, context.client, model.name) as hold:
            body = await read_images(scope, receive, self._settings, 1, hold)
            context.stages_s["read"] = perf_counter() - context.started_s
            asked = _Asked.of(all_options(scope, body), model)
            with context.unless_abandoned(watch_of(scope, receive)):
                answer = await self._predict(model, body.images.pop(), context, context.name, asked, hold)
        context.stages_s |= answer.prediction.stages_s
        context.engine = answer.prediction.engine
        await send_json(send, answer.words(asked.top_k) | {"timing_ms": _timing_ms(context)})

    async def classify_batch(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Classify several images; answers with one outcome each, in order. 429 only if no image was accepted."""
        context, model = self._answering(scope)
        self._check_room(model, scope)
        with model.in_use(), BodyHold(self._budget, context.client, model.name) as hold:
            body = await read_images(scope, receive, self._settings, self._settings.max_batch_items, hold)
            context.stages_s["read"] = perf_counter() - context.started_s
            asked = _Asked.of(all_options(scope, body), model)
            works = [
                self._outcome(model, image, context, named(f"{context.request_id}-{index}", context.trace_id), asked, hold)
                for index, image in enumerate(body.images)
            ]
            body.images.clear()
            with context.unless_abandoned(watch_of(scope, receive)):
                outcomes = await asyncio.gather(*works)
        refusals = [outcome for outcome in outcomes if isinstance(outcome, Saturated)]
        if len(refusals) == len(outcomes):
            raise refusals[0]
        results = [
            {"error": told(outcome), "code": outcome.code} if isinstance(outcome, ServiceError) else outcome.words(asked.top_k)
            for outcome in outcomes
        ]
        context.engine = ",".join(sorted({outcome.prediction.engine for outcome in outcomes if isinstance(outcome, _Answer)}))
        await send_json(send, {**model.served.words, "results": results, "timing_ms": _timing_ms(context)})

    def _answering(self, scope: Scope) -> tuple[RequestContext, RegisteredModel]:
        context = context_of(scope)
        return context, self._models.answering(asked_model(scope), context.request_id)

    @staticmethod
    def _check_room(model: RegisteredModel, scope: Scope) -> None:
        if not scope.get(INVITED):
            model.admission.check_room(context_of(scope).client, short=is_short(scope))

    async def _predict(
        self, model: RegisteredModel, data: bytes, context: RequestContext, request_id: str, asked: _Asked, hold: BodyHold
    ) -> _Answer:
        model.admission.check_place(context.client)
        image = await self._inspection.inspect(data)
        hold.shrink_by(len(data) - len(image.data))
        del data  # the image may be a copy without what is surplus
        served = model.served  # which may be another one by the time of the answer
        request = InferenceRequest(image, request_id, asked.deadline_s, served.scores, context.client)
        return _Answer(served, await model.classify(served, request, asked.coverage))

    async def _outcome(
        self, model: RegisteredModel, data: bytes, context: RequestContext, request_id: str, asked: _Asked, hold: BodyHold
    ) -> _Answer | ServiceError:
        async with self._batch_turn:  # after each image of a batch the loop sees to others: a batch can take long to inspect
            await asyncio.sleep(0)
        predicting = self._predict(model, data, context, request_id, asked, hold)
        del data
        try:
            return await predicting
        except ServiceError as error:
            return error.with_traceback(None)  # whose frames hold the image


def all_options(scope: Scope, body: ImageBody) -> dict[str, str]:
    """The options of the query and of the body; the body's go first. Raises BadRequest for one that is unknown or comes twice."""
    if not scope["query_string"]:
        return body.options
    query = QueryParams(scope["query_string"])
    if len(query.multi_items()) > len(query):
        raise BadRequest("A parameter occurs twice in the query.")
    for name in query:
        if name not in OPTIONS and name != MODEL:
            raise unknown_name("The query parameter", name, (MODEL, *OPTIONS))
    number(query, "top_k", MAX_TOP_K)  # checked even if the body has another
    number(query, "timeout_ms")
    share(query, "coverage")
    return dict(query) | body.options


def _timing_ms(context: RequestContext) -> dict[str, float]:
    stages_s = context.stages_s | {"total": perf_counter() - context.started_s}
    return {stage: round(elapsed_s * 1000, 3) for stage, elapsed_s in stages_s.items()}


def number(options: Mapping[str, str], name: str, high: int = 2**31 - 1) -> int | None:
    """A positive number among the options, or None; raises BadRequest."""
    text = options.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 12 and 1 <= int(text) <= high):
        raise BadRequest(f"{name} must be a whole number from 1 to {high}, not {text[:40]!r}.")
    return int(text)


_SHARE = re.compile(r"0?\.[0-9]{1,9}", re.ASCII)


def share(options: Mapping[str, str], name: str) -> float | None:
    """A number between 0 and 1 among the options, or None; raises BadRequest."""
    text = options.get(name)
    if text is None:
        return None
    if not (_SHARE.fullmatch(text) and LEAST_COVERAGE <= (found := float(text)) <= MOST_COVERAGE):
        raise BadRequest(f"{name} must be a decimal number from {LEAST_COVERAGE:g} to {MOST_COVERAGE:g}, as 0.95, not {text[:40]!r}.")
    return found


async def send_json(send: Send, answer: dict[str, object]) -> None:
    """Send JSON without FastAPI's serialiser, which costs more than the rest of the route; Python's own takes seven times as long."""
    body = to_json(answer)
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
