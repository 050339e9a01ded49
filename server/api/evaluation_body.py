"""The body of POST /evaluate: JSON that names a data set on the server, or a form with an archive."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any, TypeVarTuple

from pydantic import ValidationError
from starlette.requests import Request
from starlette.types import Message

from models.manifest import MAX_TOP_K
from server.api.archive_form import HELD_BYTES, read_archive_form
from server.api.content_coding import unpacked
from server.api.image_json import without_mark
from server.api.request_context import context_of, watch_of
from server.api.turns import AsyncTurns
from server.api.unknown_names import malformed_json, unknown_name
from server.errors import BadRequest, BodyTooLarge
from server.evaluation.dataset.roots import UPLOAD
from server.evaluation.jobs.evaluation_job import EvaluationRequest, Job
from server.evaluation.jobs.evaluations import Evaluations
from server.serving.budgets import BodyBudget, BodyHold

JSON = "application/json"
MAX_JSON_BYTES = 64 * 1024

_TEXT = {"type": "string", "minLength": 1, "maxLength": 1000}
_FORM = {
    "type": "object",
    "required": ["archive"],
    "additionalProperties": False,
    "properties": {
        "archive": {"type": "string", "format": "binary", "description": "A zip or tar of the data set."},
        "dataset": _TEXT | {"description": "Folder below the archive's top."},
        "labels": _TEXT | {"description": "List of labels, relative to that folder."},
        "top_k": {"type": "integer", "minimum": 1, "maximum": MAX_TOP_K},
        "limit": {"type": "integer", "minimum": 1},
        "model": _TEXT | {"maxLength": 64, "description": "Name of the model; without one the default."},
        "map": _TEXT | {"maxLength": 10_000, "description": "Labels that stand for several classes: cat=281-285,dog=151-268."},
    },
}
BODIES: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            JSON: {"schema": EvaluationRequest.model_json_schema(), "example": {"dataset": "val", "top_k": 5}},
            "multipart/form-data": {"schema": _FORM},
        },
    }
}


Ts = TypeVarTuple("Ts")


async def submit(request: Request, evaluations: Evaluations, turns: AsyncTurns, budget: BodyBudget, max_upload_bytes: int) -> Job:
    """Queue the evaluation of a request; raises ServiceError or EvaluationError.

    Sets are read one after the other: an archive takes a processor, and up to 70 MB for the window of an xz or the list of a zip.
    """
    for name in request.query_params:
        if name not in EvaluationRequest.model_fields:
            raise unknown_name("The query parameter", name, EvaluationRequest.model_fields)
        raise BadRequest(f"POST /evaluate takes nothing from its query, and {name!r} is there.", "Send it in the body.")
    kind = request.headers.get("content-type", JSON).partition(";")[0].strip().lower()
    client = context_of(request.scope).client
    try:
        with BodyHold(budget, client) as hold:
            if kind == "multipart/form-data":
                return await _submit_form(_Limited(request, max_upload_bytes, hold), evaluations, turns, client)
            if kind != JSON:  # the page of another site may send anything else without asking
                raise BadRequest(f"A body of type {kind[:80]!r} is not taken.", "Send application/json, or an archive as a form.")
            body = await _Limited(request, MAX_JSON_BYTES, hold).body()
        wanted = await asyncio.to_thread(EvaluationRequest.model_validate_json, without_mark(body))
        return await _in_turn(request, turns, evaluations.submit, wanted, client)
    except ValidationError as error:
        remedy = 'Send {"dataset": "<root>"}, or an archive as multipart/form-data.'
        raise malformed_json(error, EvaluationRequest.model_fields, remedy) from error


async def _in_turn(request: Request, turns: AsyncTurns, work: Callable[[*Ts], Job], *given: *Ts) -> Job:
    """What some work gives; its client may leave until it begins."""
    async with AsyncExitStack() as stack:
        with context_of(request.scope).unless_abandoned(watch_of(request.scope, request.receive)):
            await stack.enter_async_context(turns.take())
        return await asyncio.to_thread(work, *given)


async def _submit_form(request: "_Limited", evaluations: Evaluations, turns: AsyncTurns, client: str) -> Job:
    with await asyncio.to_thread(evaluations.upload, request.declared_bytes, client) as upload:

        async def store(piece: bytes) -> None:
            await asyncio.to_thread(upload.write, piece)

        fields = await read_archive_form(request.headers["content-type"], request.stream(), store)
        return await _in_turn(request, turns, evaluations.submit_upload, upload, _wanted(fields), client)


def _wanted(fields: dict[str, str]) -> EvaluationRequest:
    below = fields.pop("dataset", "").strip("/")
    return EvaluationRequest.model_validate({**fields, "dataset": f"{UPLOAD}/{below}" if below else UPLOAD}, strict=False)


class _Limited(Request):
    """A request whose body raises BodyTooLarge after a number of bytes. The hold grows as they arrive, to HELD_BYTES."""

    def __init__(self, request: Request, limit_bytes: int, hold: BodyHold) -> None:
        super().__init__(request.scope, self._counted)
        self._inner = unpacked(request.scope, request.receive, limit_bytes)
        self._limit_bytes = limit_bytes
        self._hold = hold
        self._bytes = 0
        declared = request.headers.get("content-length", "")
        self.declared_bytes = int(declared) if declared.isdecimal() else 0
        """By the header; 0 without it."""
        if self.declared_bytes > limit_bytes:
            raise self._refusal()

    async def _counted(self) -> Message:
        message = await self._inner()
        self._bytes += len(message.get("body", b""))
        if self._bytes > self._limit_bytes:
            raise self._refusal()
        self._hold.grow_to(min(self._bytes, HELD_BYTES))
        return message

    def _refusal(self) -> BodyTooLarge:
        return BodyTooLarge(f"The body has more than {self._limit_bytes} bytes.", "Put the data set under a root of the server instead.")
