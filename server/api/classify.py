"""POST /classify and POST /classify/batch."""

import asyncio
import json
from collections.abc import Mapping
from time import perf_counter

from starlette.requests import Request
from starlette.responses import Response

from models.manifest import MAX_TOP_K, ModelManifest
from server.admission import Admission, unless_abandoned
from server.api.body import read_images
from server.envelope import Exchange, exchange_of
from server.errors import BadRequest, Saturated, ServiceError
from server.images import inspect_image
from server.settings import Settings
from server.transcode import upright
from server.types import ImageFormat, Prediction

DEFAULT_TOP_K = 5


class ClassifyRoutes:
    """The two routes of the hot path: plain Starlette endpoints, their OpenAPI is written by hand."""

    def __init__(self, admission: Admission, manifest: ModelManifest, settings: Settings) -> None:
        self._admission = admission
        self._settings = settings
        self._model = {"model": manifest.name, "version": manifest.version}

    async def classify(self, request: Request) -> Response:
        """One image in, the best classes out."""
        exchange = exchange_of(request.scope)
        self._admission.check_room()
        body = await read_images(request, self._settings, limit=1)
        exchange.stages_s["read"] = perf_counter() - exchange.started_s
        options = dict(request.query_params) | body.options
        top_k, timeout_ms = number(options, "top_k", MAX_TOP_K), number(options, "timeout_ms")
        work = self._predict(body.images[0], exchange.request_id, self._admission.deadline_s(timeout_ms))
        prediction = await unless_abandoned(work, request.receive)
        exchange.stages_s |= prediction.stages_s
        answer = self._answer(prediction, top_k or DEFAULT_TOP_K) | {"timing_ms": _timing_ms(exchange)}
        return json_response(answer)

    async def classify_batch(self, request: Request) -> Response:
        """Several images in, one outcome each, in order; 429 only when none of them was taken."""
        exchange = exchange_of(request.scope)
        self._admission.check_room()
        body = await read_images(request, self._settings, self._settings.max_batch_items)
        exchange.stages_s["read"] = perf_counter() - exchange.started_s
        options = dict(request.query_params) | body.options
        top_k = number(options, "top_k", MAX_TOP_K) or DEFAULT_TOP_K
        deadline_s = self._admission.deadline_s(number(options, "timeout_ms"))
        works = [self._outcome(image, f"{exchange.request_id}-{index}", deadline_s) for index, image in enumerate(body.images)]
        outcomes = await unless_abandoned(asyncio.gather(*works), request.receive)
        refusals = [outcome for outcome in outcomes if isinstance(outcome, Saturated)]
        if len(refusals) == len(outcomes):
            raise refusals[0]
        results = [
            {"error": str(outcome), "code": outcome.code} if isinstance(outcome, ServiceError) else self._answer(outcome, top_k)
            for outcome in outcomes
        ]
        return json_response({**self._model, "results": results, "timing_ms": _timing_ms(exchange)})

    async def _predict(self, data: bytes, request_id: str, deadline_s: float) -> Prediction:
        image = inspect_image(data, self._settings.max_image_pixels)
        if image.orientation != 1 and image.format is not ImageFormat.JPEG:  # a JPEG is turned by every decoder
            image = await asyncio.to_thread(upright, image)
        return await self._admission.classify(image, request_id, deadline_s)

    async def _outcome(self, data: bytes, request_id: str, deadline_s: float) -> Prediction | ServiceError:
        try:
            return await self._predict(data, request_id, deadline_s)
        except ServiceError as error:
            return error

    def _answer(self, prediction: Prediction, top_k: int) -> dict[str, object]:
        best = [{"class_id": s.class_id, "label": s.label, "score": s.score} for s in prediction.scores[:top_k]]
        return {**self._model, "engine": prediction.engine, "score_type": prediction.score_type, "predictions": best}


def _timing_ms(exchange: Exchange) -> dict[str, float]:
    stages_s = exchange.stages_s | {"total": perf_counter() - exchange.started_s}
    return {stage: round(elapsed_s * 1000, 3) for stage, elapsed_s in stages_s.items()}


def number(options: Mapping[str, str], name: str, high: int = 2**31 - 1) -> int | None:
    """A positive number among the options, or None; raises BadRequest."""
    text = options.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 12 and 1 <= int(text) <= high):
        raise BadRequest(f"{name} must be a whole number from 1 to {high}, not {text[:40]!r}.")
    return int(text)


def json_response(body: dict[str, object]) -> Response:
    """A JSON reply, written without FastAPI's serialiser, which costs more than the rest of the route."""
    return Response(json.dumps(body, ensure_ascii=False, separators=(",", ":")), media_type="application/json")
