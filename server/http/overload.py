"""Refuses requests while the window is full, by their headers alone, and at a limited rate."""

import asyncio
import select
from collections import OrderedDict
from collections.abc import Callable
from time import perf_counter
from typing import Protocol

from starlette.types import Scope
from uvicorn.protocols.http.flow_control import FlowControl

from server.api.api_keys import ApiKeys
from server.api.asked_model import asked_model
from server.api.body import is_short
from server.api.cross_origins import CrossOrigins
from server.api.request_context import INVITED, client_of, request_id_of
from server.api.security_headers import FOR_ALL
from server.api.statuses import status_of
from server.errors import Saturated
from server.http.forwarding_proxies import ForwardingProxies
from server.http.head import Head
from server.http.hot_routes import HOT_METHODS
from server.http.limits import DROPPED_BYTES, REFUSALS_PER_S
from server.serving.admission import Admission
from server.serving.registry import Registry
from server.telemetry.access_log import AccessLog
from server.telemetry.metrics import Metrics
from server.telemetry.tracing import TRACEPARENT, received_trace

PATHS = frozenset({"/classify", "/classify/batch"})
_STATUS = status_of(Saturated)
_SECURITY = b"".join([b"%b: %b\r\n" % header for header in FOR_ALL])
_HEAD = b"HTTP/1.1 %d %b\r\nretry-after: 1\r\ncontent-type: application/json\r\n%b" % (_STATUS, _STATUS.phrase.encode(), _SECURITY)
_REFILL_S = 0.02
_BURST = REFUSALS_PER_S / 4


class Readable(Protocol):
    """The part of a connection that pauses and resumes reading."""

    flow: FlowControl
    transport: asyncio.Transport

    def drop_rest(self) -> None: ...  # noqa: D102


class RefusedCycle:
    """Takes the place of a refused request's cycle, and drops the rest of its body."""

    response_complete = True
    disconnected = False
    more_body = True

    def __init__(self, keep_alive: bool) -> None:  # noqa: FBT001
        self.keep_alive = keep_alive
        self.received_bytes = 0
        self.message_event = asyncio.Event()


def leaves(cycle: object) -> bool:
    """Whether a refused request is the last of its connection."""
    return isinstance(cycle, RefusedCycle) and not cycle.keep_alive


class Overload:
    """Refuses requests for all connections.

    A client that ignores Retry-After would make the server spend its processor time on refusals instead of images.
    So the number of refusals per second is limited; the server does not read from further connections until their turn.
    """

    def __init__(
        self,
        models: Registry,
        metrics: Metrics,
        engine_name: Callable[[], str],
        keys: ApiKeys,
        access_log: AccessLog | None,
        proxies: ForwardingProxies,
        origins: CrossOrigins,
        root_path: str,
    ) -> None:
        self._models = models
        self._keys = keys
        self._metrics = metrics
        self._access_log = access_log
        self._proxies = proxies
        self._origins = origins
        self._paths = {prefix + path: path for path in PATHS for prefix in ("", root_path)}
        for path in PATHS:
            for method in HOT_METHODS:
                metrics.http_requests.labels(path, method, str(int(_STATUS)))  # a counter that first appears at 1 has no increase()
        self._held: OrderedDict[str, OrderedDict[Readable, int]] = OrderedDict()  # by client: who waits, and the refusals each has had
        self._left: float = _BURST
        self._engine_name = engine_name

    def wants(self, scope: Scope, head: Head) -> bool:
        """Whether to refuse a request now. A request whose body may be endless, or may never come, takes the normal way."""
        return (
            scope["path"] in self._paths
            and scope["method"] in HOT_METHODS
            and (model := self._models.find(asked_model(scope))) is not None
            and model.admission.is_full
            and self._has_no_place_for(scope, model.admission)
            and head.content_length is not None
            and not head.expects_continue
        )

    def _has_no_place_for(self, scope: Scope, admission: Admission) -> bool:
        """Nobody without a key gets a place of others. Whoever gets one is not asked again: places are given seldom."""
        self._proxies.believe(scope)
        name = self._name_of(scope)
        client = self._keys.client_of(scope, name)
        scope[INVITED] = (bool(name) or not self._keys) and not admission.is_full_for(client, short=is_short(scope))
        return not scope[INVITED]

    def _name_of(self, scope: Scope) -> str:
        return self._keys.find(dict(scope["headers"])) if self._keys else ""

    def refuse(self, scope: Scope, default_headers: list[tuple[bytes, bytes]], *, kept: bool) -> bytes:
        """The whole answer, which is counted and logged; `kept` says whether the connection is."""
        began_s = perf_counter()
        headers = dict(scope["headers"])
        request_id = request_id_of(headers)
        elapsed_s = perf_counter() - began_s
        admission = (self._models.find(asked_model(scope)) or self._models.default).admission
        admission.count_refusal()
        refusal = admission.refusal()
        self._metrics.observe_request(self._paths[scope["path"]], scope["method"], int(_STATUS), elapsed_s)
        if self._access_log:
            client = scope["client"] or ("", 0)
            path = scope["raw_path"].decode("ascii", "backslashreplace")
            trace = received_trace(scope["headers"]) if TRACEPARENT in headers else None
            trace_id = trace.trace_id if trace else ""
            self._access_log.request(request_id, scope["method"], path, int(_STATUS), elapsed_s, client[0], self._name_of(scope), trace_id)
        body = f'{{"error":"{refusal}","code":"{refusal.code}","request_id":"{request_id}"}}'.encode()
        own = () if kept else ((b"connection", b"close"),)
        lines = b"".join([b"%b: %b\r\n" % header for header in (*own, *default_headers, *self._origins.headers(headers))])
        return b"%b%bx-engine: %b\r\nserver-timing: total;dur=%.3f\r\nx-request-id: %b\r\ncontent-length: %d\r\n\r\n%b" % (
            _HEAD,
            lines,
            self._engine_name().encode(),
            elapsed_s * 1000,
            request_id.encode(),
            len(body),
            body,
        )

    def drop(self, connection: Readable, scope: Scope) -> None:
        """Have a refused connection drop its body and read on: now, or in its client's turn if there were too many."""
        if self._left >= 1:
            self._left -= 1
            connection.drop_rest()
        else:
            connection.flow.pause_reading()
            own = self._held.setdefault(client_of(scope), OrderedDict())
            own[connection] = own.get(connection, 0) + 1  # one read can bring several requests

    def charge(self, dropped_bytes: int, so_far_bytes: int) -> None:
        """Count bytes that were read and dropped, the last of so many, beyond the DROPPED_BYTES that are in the price of a refusal.

        Those that a head announces may never come, and cost nothing.
        """
        self._left = max(-_BURST, self._left - min(dropped_bytes, max(0, so_far_bytes - DROPPED_BYTES)) / DROPPED_BYTES)

    def refill(self, loop: asyncio.AbstractEventLoop) -> None:
        """Allow more refusals, now and regularly while the loop runs. Each time at least one connection reads on, whatever others send."""
        loop.call_later(_REFILL_S, self.refill, loop)  # first: whatever a connection does, there is a next time
        self._left = min(_BURST, self._left + REFUSALS_PER_S * _REFILL_S)
        goes_on = True
        while goes_on and self._held:
            client, own = self._held.popitem(last=False)
            connection, refusals = own.popitem(last=False)
            if own:
                self._held[client] = own  # at the end: it is the turn of others
            if not connection.transport.is_closing():
                self._left = max(-_BURST, self._left - refusals)
                connection.drop_rest()
                goes_on = self._left >= 1

    def end_gone(self) -> None:
        """End the connections that wait for their turn while their clients have gone: who does not read is not told."""
        held = [each for own in self._held.values() for each in own if not each.transport.is_closing()]
        by_file = {each.transport.get_extra_info("socket").fileno(): each for each in held}
        gone = select.poll()
        for file in by_file:
            gone.register(file, select.POLLRDHUP)
        for file, _ in gone.poll(0):
            by_file[file].transport.abort()
