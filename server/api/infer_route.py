"""POST /v2/models/{model}/infer, a bare ASGI application as POST /classify is one; its OpenAPI is written by hand."""

import asyncio
import re
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter
from typing import Any

from fastapi import APIRouter
from starlette.datastructures import Headers
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from server.api.body import is_short, is_small, read_body
from server.api.content_coding import unpacked
from server.api.oip_routes import MODEL, TAG, VERSION
from server.api.openapi import EXAMPLE_PICTURE, error_classes, refusals
from server.api.request_context import context_of, watch_of
from server.errors import NotFound
from server.oip.infer_json import HEADER, header_length, read_infer_request, write_infer_reply
from server.oip.infer_request import InferRequest
from server.oip.inference import Caller, Inference, answering_model
from server.serving.budgets import BodyBudget, BodyHold
from server.serving.registry import Registry
from server.settings import Settings
from server.types import Prediction

PATHS = (f"{MODEL}/infer", f"{MODEL}{VERSION}/infer")
_LARGE = ThreadPoolExecutor(1, "infer-json")
"""Reads larger JSON, one after the other, as server/api/body.py does."""
_TENSOR: dict[str, Any] = {
    "type": "object",
    "required": ["name", "shape", "datatype"],
    "properties": {
        "name": {"type": "string", "examples": ["image"]},
        "shape": {"type": "array", "items": {"type": "integer"}},
        "datatype": {"type": "string", "examples": ["BYTES"]},
        "data": {"type": "array", "items": {}},
        "parameters": {"type": "object"},
    },
}
_REQUEST: dict[str, Any] = {
    "type": "object",
    "required": ["inputs"],
    "properties": {
        "id": {"type": "string"},
        "parameters": {"type": "object"},
        "inputs": {"type": "array", "items": _TENSOR},
        "outputs": {"type": "array", "items": {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}}},
    },
}
_REPLY: dict[str, Any] = {
    "type": "object",
    "required": ["model_name", "model_version", "id", "outputs"],
    "properties": {
        "model_name": {"type": "string"},
        "model_version": {"type": "string"},
        "id": {"type": "string"},
        "parameters": {"type": "object"},
        "outputs": {"type": "array", "items": _TENSOR},
    },
}
_FILE = {"type": "string", "format": "binary"}


class InferRoute:
    """Answers both paths, with a version and without. `PATTERN` finds their parameters."""

    PATTERN = re.compile(r"/v2/models/(?P<model>[^/]+)(/versions/(?P<version>[^/]+))?/infer")

    def __init__(self, models: Registry, budget: BodyBudget, settings: Settings) -> None:
        self._models = models
        self._budget = budget
        self._settings = settings
        self._inference = Inference(settings)
        self._plain, self._versioned = (Route(path, self, methods=["POST"]) for path in PATHS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request; raises ServiceError."""
        found, context = self.PATTERN.fullmatch(scope["path"]), context_of(scope)
        if not found:
            raise NotFound(f"There is nothing at {scope['path']}.", "GET /docs lists the routes.")
        scope["route"] = self._versioned if found["version"] else self._plain  # which the metrics name
        model = answering_model(self._models, found["model"], found["version"] or "", context.request_id)
        model.admission.check_room(context.client, short=is_short(scope))
        with model.in_use(), BodyHold(self._budget, context.client, model.name) as hold:
            limit_bytes = self._settings.max_body_bytes
            body = await read_body(scope, unpacked(scope, receive, limit_bytes, hold), limit_bytes, hold)
            asked = await self._read(scope, body)
            del body
            context.stages_s["read"] = perf_counter() - context.started_s
            with context.unless_abandoned(watch_of(scope, receive)):
                caller = Caller(context.request_id, context.client, context.trace_id)
                reply, outcomes = await self._inference.infer(model, asked, caller, hold, found["version"] or "")
        context.engine = str(reply.parameters["engine"])
        if len(outcomes) == 1 and isinstance(outcomes[0], Prediction):
            context.stages_s |= outcomes[0].stages_s
        await _send(send, *write_infer_reply(reply))

    async def _read(self, scope: Scope, body: bytes) -> InferRequest:
        json_bytes = header_length(Headers(scope=scope).get(HEADER), len(body))
        if is_small(scope, len(body) if json_bytes is None else json_bytes):
            return read_infer_request(body, json_bytes)
        return await asyncio.get_running_loop().run_in_executor(_LARGE, read_infer_request, body, json_bytes)


async def _send(send: Send, body: bytes, json_bytes: int | None) -> None:
    kind = b"application/json" if json_bytes is None else b"application/octet-stream"
    headers = [(b"content-type", kind), (b"content-length", b"%d" % len(body))]
    if json_bytes is not None:
        headers.append((HEADER.lower().encode(), b"%d" % json_bytes))
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def infer_document() -> APIRouter:
    """The two paths for the OpenAPI document, and for other methods, which get 405."""
    router = APIRouter(tags=[TAG])
    example = {"inputs": [{"name": "image", "shape": [1], "datatype": "BYTES", "data": [EXAMPLE_PICTURE]}]}
    content = {"application/json": {"schema": _REQUEST, "example": example}, "application/octet-stream": {"schema": _FILE}}
    answer = {"application/json": {"schema": _REPLY}, "application/octet-stream": {"schema": _FILE}}
    header = {"name": HEADER, "in": "header", "required": False, "schema": {"type": "integer", "minimum": 0}}

    async def oip_infer() -> None:
        raise AssertionError("POST is answered before this route")

    for path, ending in zip(PATHS, ("", "_version"), strict=True):
        names = [name for name in ("model", "version") if f"{{{name}}}" in path]
        parameters = [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names]
        router.post(
            path,
            name=f"oip_infer{ending}",
            summary="Classify images, given and answered as tensors",
            response_model=None,
            openapi_extra={"parameters": [*parameters, header], "requestBody": {"required": True, "content": content}},
            responses={200: {"description": "The requested outputs.", "content": answer}, **refusals(*error_classes())},
        )(oip_infer)
    return router
