"""The wrapper of every request: its id, the API key, the timing headers, the metrics, one log line, and internal faults."""

import logging
from collections.abc import Callable
from time import perf_counter

from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server.api.api_keys import ApiKeys
from server.api.cross_origins import NO_ORIGINS, CrossOrigins
from server.api.error_response import told
from server.api.guard import OPEN_PATHS
from server.api.refusal_page import refusal
from server.api.request_context import ClientGone, RequestContext, client_of, request_id_of
from server.api.security_headers import security_headers
from server.api.statuses import ANSWERED, status_of
from server.errors import InternalError, NotFound
from server.telemetry.access_log import AccessLog
from server.telemetry.metrics import Metrics
from server.telemetry.tracing import ONLY_RECEIVED, TRACEPARENT, Ended, Traces

faults = logging.getLogger("server.faults")

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
SERVERS_FAULT = 500  # statuses from here on; the log then has what the client is not told
CLIENT_GONE_STATUS = 499  # the client does not get it; the log and the metrics show it, as in nginx


class RequestMiddleware:
    """Pure ASGI middleware around the whole application."""

    def __init__(
        self,
        app: ASGIApp,
        endpoints: frozenset[str],
        metrics: Metrics,
        engine_name: Callable[[], str],
        keys: ApiKeys,
        access_log: AccessLog | None,
        origins: CrossOrigins = NO_ORIGINS,
        traces: Traces = ONLY_RECEIVED,
    ) -> None:
        self._app = app
        self._endpoints = endpoints
        self._metrics = metrics
        self._engine_name = engine_name
        self._keys = keys
        self._access_log = access_log
        self._origins = origins
        self._traces = traces

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request. HEAD is answered as GET, without the body."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        if b"range" in headers:  # the server does not serve ranges, and Starlette refuses malformed ones in plain text
            scope["headers"] = [header for header in scope["headers"] if header[0] != b"range"]
        context = scope["request_context"] = RequestContext(request_id_of(headers), perf_counter(), client_of(scope))
        if self._traces.begins or TRACEPARENT in headers:
            context.trace = self._traces.begin(scope)
        asked = scope
        if scope["method"] == "HEAD":
            asked, send = {**scope, "method": "GET"}, _headers_only(send)  # a copy: the server must still know that no body follows

        async def send_wrapped(message: Message) -> None:
            if message["type"] == "http.response.start":
                context.status = message["status"]
                own = message.get("headers", ())
                message["headers"] = [
                    *own,
                    *self._headers(context),
                    *security_headers(own, scope["method"]),
                    *self._origins.headers(headers),
                ]
            await send(message)

        try:
            await self._answer(asked, headers, context, receive, send_wrapped)
        except (ClientGone, ClientDisconnect):
            context.status = CLIENT_GONE_STATUS
        except Exception:
            faults.exception("request %s failed", context.request_id, extra=context.log_fields)
            if context.status:  # the answer has begun, so only the connection can be broken
                raise
            fault = InternalError(f"A fault of the server, logged under {context.request_id}.")
            await refusal(asked, headers, fault, context.request_id)(scope, receive, send_wrapped)
        finally:
            self._record(scope, self._endpoint(asked), context)

    async def _answer(self, scope: Scope, headers: dict[bytes, bytes], context: RequestContext, receive: Receive, send: Send) -> None:
        if allowed := self._origins.preflight(scope["method"], headers):  # which comes without the key
            await Response(status_code=204, headers=allowed)(scope, receive, send)
            return
        try:
            self._check(scope, headers, context)
            await self._app(scope, receive, send)
        except ANSWERED as error:
            if status_of(error) >= SERVERS_FAULT and told(error) != str(error):
                faults.warning("request %s: %s", context.request_id, error, extra=context.log_fields)
            await refusal(scope, headers, error, context.request_id)(scope, receive, send)

    def _check(self, scope: Scope, headers: dict[bytes, bytes], context: RequestContext) -> None:
        path = scope["path"]
        if self._keys and path != "/" and not path.startswith(OPEN_PATHS):
            context.key = self._keys.name_of(headers, scope["method"])
            context.client = self._keys.client_of(scope, context.key)
        if not is_plain(path):
            raise NotFound(f"There is nothing at {path}.", "GET /docs lists the routes.")

    def _headers(self, context: RequestContext) -> list[tuple[bytes, bytes]]:
        stages_s = context.stages_s | {"total": perf_counter() - context.started_s}
        timing = ", ".join(f"{stage};dur={elapsed_s * 1000:.3f}" for stage, elapsed_s in stages_s.items())
        return [
            (b"x-request-id", context.request_id.encode()),
            (b"x-engine", (context.engine or self._engine_name()).encode()),
            (b"server-timing", timing.encode()),
        ]

    def _record(self, scope: Scope, endpoint: str, context: RequestContext) -> None:
        elapsed_s = perf_counter() - context.started_s
        method = scope["method"] if scope["method"] in METHODS else "other"
        if trace := context.trace:
            self._traces.end(trace, scope, endpoint, Ended(context.request_id, context.status, elapsed_s, context.stages_s, context.engine))
        self._metrics.observe_request(endpoint, method, context.status, elapsed_s, trace.exemplar if trace else None)
        if self._access_log:
            path = scope.get("raw_path") or scope["path"].encode()  # a decoded one may hold line breaks
            sent, client = path.decode("ascii", "backslashreplace"), scope.get("client") or ("", 0)
            self._access_log.request(
                context.request_id, scope["method"], sent, context.status, elapsed_s, client[0], context.key, context.trace_id
            )

    def _endpoint(self, scope: Scope) -> str:
        """The path of the route or of the mount that was found, templates unfilled: a label that no client can multiply."""
        route = scope.get("route")  # FastAPI's own routes
        if route is not None:
            return str(route.path)
        return next((path for path in (scope["path"], scope.get("root_path")) if path in self._endpoints), "other")


def _headers_only(send: Send) -> Send:
    """A `send` that ends the answer after its headers, even if the application has a body without end."""
    ended = False

    async def send_headers(message: Message) -> None:
        nonlocal ended
        if message["type"] == "http.response.start":
            await send(message)
        elif not ended:
            ended = True
            await send({"type": "http.response.body"})

    return send_headers


def is_plain(path: str) -> bool:
    """Whether a path has neither empty segments nor `.` or `..`: no route has them, and a mount would resolve them."""
    return not (("//" in path or "/." in path) and {"", ".", ".."} & set(path.split("/")[1:]))
