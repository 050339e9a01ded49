"""State of all connections: the limits, the count of refusals, and the sweep that ends slow phases."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from time import perf_counter

from server.api.cross_origins import NO_ORIGINS, CrossOrigins
from server.api.error_response import error_response
from server.api.request_context import request_id_of
from server.api.security_headers import FOR_ALL
from server.api.statuses import status_of
from server.errors import ServiceError
from server.http.forwarding_proxies import NO_PROXIES, ForwardingProxies
from server.http.limits import ConnectionLimits
from server.http.places import Places
from server.telemetry.metrics import Metrics

logger = logging.getLogger("server.access")

SWEEP_S = 0.5


class Refusals:
    """The shared state of a server's connections."""

    def __init__(
        self,
        limits: ConnectionLimits,
        metrics: Metrics,
        engine_name: Callable[[], str],
        origins: CrossOrigins = NO_ORIGINS,
        proxies: ForwardingProxies = NO_PROXIES,
    ) -> None:
        self.limits = limits
        self.places = Places(limits.connections, proxies)
        self._metrics = metrics
        self._engine_name = engine_name
        self._origins = origins

    def count(self, error: ServiceError) -> None:
        """Count an error of the connection itself; the application's own errors are counted as requests."""
        self._metrics.rejected.labels("", error.code).inc()

    def refusal(
        self, error: ServiceError, asked: Mapping[bytes, bytes], began_s: float, default_headers: list[tuple[bytes, bytes]]
    ) -> bytes:
        """The whole answer to input that did not become a request, counted and logged like a request; `asked` are the headers so far."""
        request_id = request_id_of(asked)
        self.count(error)
        status, elapsed_s = status_of(error), perf_counter() - began_s
        self._metrics.http_requests.labels("other", "other", str(int(status))).inc()
        logger.info("- - %d %s", status, error.code, extra={"request_id": request_id, "status": int(status)})
        response = error_response(error, request_id)
        headers = response.headers
        headers["x-request-id"], headers["x-engine"] = request_id, self._engine_name()
        headers["server-timing"] = f"total;dur={elapsed_s * 1000:.3f}"
        headers["connection"] = "close"
        lines = b"".join(
            b"%b: %b\r\n" % header for header in [*default_headers, *response.raw_headers, *FOR_ALL, *self._origins.headers(asked)]
        )
        return b"HTTP/1.1 %d %b\r\n%b\r\n%b" % (status, status.phrase.encode(), lines, bytes(response.body))

    def sweep(self, each: Callable[[float], None], loop: asyncio.AbstractEventLoop) -> None:
        """Call `each` with the time, now and regularly while the loop runs."""
        loop.call_later(SWEEP_S, self.sweep, each, loop)  # first: whatever a connection does, there is a next time
        each(loop.time())
