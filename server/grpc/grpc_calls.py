"""The frame of every gRPC call: its id, the API key, the client, errors as statuses, metrics, the log; as the middleware is for HTTP."""

import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from time import perf_counter
from traceback import clear_frames
from typing import Any, NamedTuple
from urllib.parse import unquote

from grpc import StatusCode
from starlette.requests import Request

from models.model_errors import ClassifyError
from server.api.api_keys import ApiKeys
from server.api.error_response import AGAIN, told
from server.api.guard import Guard
from server.api.request_context import client_of, request_id_of
from server.api.statuses import ANSWERED, status_of
from server.errors import InternalError
from server.grpc.grpc_statuses import code_of
from server.grpc.known_methods import abort
from server.grpc.open_calls import CallPlace, OpenCalls
from server.oip.inference import Caller
from server.telemetry.access_log import AccessLog
from server.telemetry.metrics import Metrics
from server.telemetry.tracing import ONLY_RECEIVED, RPC, TRACEPARENT, Ended, Trace, Traces

faults = logging.getLogger("server.faults")

METHOD = "POST"
"""What gRPC is in HTTP/2, for the metrics and the log."""
OK, CLIENT_GONE = 200, 499


@dataclass(slots=True)
class Call:
    """One call: its headers, which gRPC calls metadata, and who calls."""

    context: Any
    path: str
    headers: dict[bytes, bytes]
    scope: dict[str, Any]
    caller: Caller
    place: CallPlace
    key: str = ""
    status: int = OK
    trace: Trace | None = None
    stages_s: Mapping[str, float] = field(default_factory=dict)
    """Of its image, if it has one."""

    @property
    def is_stream(self) -> bool:
        """Whether it has many requests."""
        return "Stream" in self.path

    @property
    def log_fields(self) -> dict[str, str]:
        """What a line of the log has besides its message."""
        return {"request_id": self.caller.request_id} | ({"trace_id": self.trace.trace_id} if self.trace else {})


class _Ended(NamedTuple):
    """How an error ends a call: its gRPC status, what the client is told, the HTTP status, and the error's code."""

    code: StatusCode
    words: str
    status: int
    word: str

    @classmethod
    def by(cls, error: ClassifyError, words: str) -> "_Ended":
        return cls(code_of(error), words, status_of(error), error.code)


class Calls:
    """Opens and ends calls. `guard` is asked before those that reach into the machine."""

    def __init__(self, metrics: Metrics, keys: ApiKeys, guard: Guard, access_log: AccessLog | None, traces: Traces = ONLY_RECEIVED) -> None:
        self._metrics = metrics
        self._keys = keys
        self._guard = guard
        self._access_log = access_log
        self._traces = traces

    @asynccontextmanager
    async def open(self, context: Any, path: str, places: OpenCalls | None, *, guarded: bool = False) -> AsyncIterator[Call]:
        """A call whose key is right, in one of the places if it needs one; what the block raises becomes the call's status."""
        started_s = perf_counter()
        headers = {name.encode(): _as_bytes(value) for name, value in context.invocation_metadata() or ()}
        scope: dict[str, Any] = {"type": "http", "method": METHOD, "path": path, "client": _address(context.peer())}
        client = client_of(scope)
        call = Call(context, path, headers, scope, Caller(request_id_of(headers), client), CallPlace(client))
        if self._traces.begins or TRACEPARENT in headers:
            self._trace(call)
        ended: _Ended | None = None
        try:
            await self._check(call, guarded=guarded)
            async with places.one(call.caller.client) if places else nullcontext(call.place) as call.place:
                yield call
        except ANSWERED as error:
            ended = _Ended.by(error, told(error))
            _forget_frames(error)
        except Exception as error:
            faults.exception("request %s failed", call.caller.request_id, extra=call.log_fields)
            fault = InternalError(f"A fault of the server, logged under {call.caller.request_id}.")
            ended = _Ended.by(fault, str(fault))
            _forget_frames(error)
        except BaseException:  # the client has gone, or its time is over
            call.status = CLIENT_GONE
            raise
        finally:
            if ended:
                call.status = ended.status
            self._record(call, perf_counter() - started_s)
        if ended:
            again = (("retry-after", "1"),) if call.status in AGAIN else ()
            await abort(context, ended.code, ended.words, (("x-request-id", call.caller.request_id), ("code", ended.word), *again))

    def _trace(self, call: Call) -> None:
        headers = [(name.encode(), _as_bytes(value)) for name, value in call.context.invocation_metadata() or ()]  # one may come twice
        call.scope |= {"headers": headers, RPC: "grpc"}
        call.trace = self._traces.begin(call.scope)
        if call.trace:
            call.caller = call.caller._replace(trace_id=call.trace.trace_id)

    async def _check(self, call: Call, *, guarded: bool) -> None:
        """Raise Unauthorized or Forbidden."""
        if self._keys:
            call.key = self._keys.name_of(call.headers)
            call.caller = call.caller._replace(client=self._keys.client_of(call.scope, call.key))
        if guarded:
            headers = [*call.headers.items(), (b"host", b"localhost")]  # which only a browser could send wrongly, and none speaks gRPC
            await self._guard(Request({**call.scope, "headers": headers}))

    def _record(self, call: Call, elapsed_s: float) -> None:
        caller, trace = call.caller, call.trace
        if trace:
            self._traces.end(trace, call.scope, call.path, Ended(caller.request_id, call.status, elapsed_s, call.stages_s))
        self._metrics.observe_request(call.path, METHOD, call.status, elapsed_s, trace.exemplar if trace else None)
        if self._access_log:
            client = call.scope["client"][0]
            self._access_log.request(caller.request_id, METHOD, call.path, int(call.status), elapsed_s, client, call.key, caller.trace_id)


def _forget_frames(error: BaseException | None) -> None:
    """The error that ends the call is kept as long as the call, in a circle, and its frames hold the message."""
    while error:
        clear_frames(error.__traceback__)
        error.__traceback__, error = None, error.__cause__ or error.__context__


def _as_bytes(value: str | bytes) -> bytes:
    return value if isinstance(value, bytes) else value.encode("utf-8", "replace")


def host_of(peer: str) -> str:
    """The address of a peer, without its port."""
    return _address(peer)[0]


def _address(peer: str) -> tuple[str, int]:
    """Address and port of `ipv4:127.0.0.1:4711` or `ipv6:%5B::1%5D:4711`."""
    host, _, port = unquote(peer).partition(":")[2].rpartition(":")
    return host.strip("[]"), int(port) if port.isdecimal() else 0
