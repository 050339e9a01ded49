"""Uvicorn with a drain: report not ready, close the listener a moment later, answer the requests in flight, exit with 0."""

import asyncio
import contextlib
import gc
import logging
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from functools import partial
from types import FrameType
from typing import cast

import uvicorn
from starlette.types import ASGIApp

from server.api.api_keys import ApiKeys
from server.api.cross_origins import CrossOrigins
from server.http.backlog import accept_all
from server.http.connection import Connection
from server.http.forwarding_proxies import ForwardingProxies
from server.http.limits import read_connection_limits
from server.http.overload import Overload
from server.http.refusals import Refusals
from server.serving.reload import Reloader
from server.serving.service import Service
from server.telemetry.access_log import AccessLog

logger = logging.getLogger(__name__)


class DrainingServer(uvicorn.Server):
    """A uvicorn server. The first SIGTERM or SIGINT drains, a second one ends at once; SIGHUP reloads the model."""

    def __init__(self, config: uvicorn.Config, service: Service, reloader: Reloader, refusals: Refusals, overload: Overload) -> None:
        super().__init__(config)
        self._reloader = reloader
        self._refusals = refusals
        self._overload = overload
        self._service = service
        service.on_failure = self.stop
        service.on_drain = partial(self.drain, "POST /admin/drain")

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to accept, then log the address."""
        await super().startup(sockets)
        self._refusals.sweep(self._end_overdue, asyncio.get_running_loop())
        self._overload.refill(asyncio.get_running_loop())
        for listener in sockets or ():
            host, port = listener.getsockname()[:2]
            shown = f"[{host}]" if ":" in host else host
            scheme = "https" if self.config.is_ssl else "http"
            logger.info("listening on %s://%s:%d", scheme, shown, port, extra={"host": host, "port": port})
        if self._service.failure:  # the engine failed before the server was up
            self.stop()

    def _end_overdue(self, now_s: float) -> None:
        for connection in tuple(self.server_state.connections):
            try:
                cast("Connection", connection).end_if_overdue(now_s)
            except Exception:  # the others are swept, too
                logger.exception("a connection cannot be ended")
        self._overload.end_gone()

    def stop(self) -> None:
        """Close the listener now."""
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept the connections in the backlog, then end: the kernel resets those that a closed listener leaves behind."""
        waiting = [listener.dup() for listener in sockets or ()]  # they keep the address open after the loop has closed its own
        for server in self.servers:
            server.close()
        self._announce_close()
        loop = asyncio.get_running_loop()
        for listener in waiting:
            with listener:
                accepted = accept_all(listener)
            for client in accepted:
                await loop.connect_accepted_socket(self._make_connection, client, ssl=self.config.ssl)
        await super().shutdown(sockets)

    def _make_connection(self) -> asyncio.Protocol:
        make = cast("Callable[..., asyncio.Protocol]", self.config.http_protocol_class)
        return make(config=self.config, server_state=self.server_state, app_state=self.lifespan.state)

    def _announce_close(self) -> None:
        """Announce in every answer that the connection closes, so that a client does not lose its next request."""
        header = (b"connection", b"close")
        for headers in (self.config.encoded_headers, self.server_state.default_headers):
            if header not in headers:
                headers.append(header)

    def drain(self, asked_by: str) -> None:
        """Report not ready, ask keep-alive clients to reconnect elsewhere, and close the listener after the delay."""
        delay_s = self._service.settings.drain_delay_s
        logger.info("%s: draining", asked_by)
        self._service.drain()
        self._announce_close()
        timer = threading.Timer(delay_s, self.stop)
        timer.daemon = True
        timer.start()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Install the handlers. Uvicorn's own would raise the signal again at the end, and the exit code would not be 0."""
        seen = threading.Event()

        def handle(signum: int, _frame: FrameType | None) -> None:
            if seen.is_set():
                logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)  # it would log a traceback of the requests that are cut off
                self.force_exit = self.should_exit = True
            else:
                seen.set()
                self.drain(signal.Signals(signum).name)

        def reload(_signum: int, _frame: FrameType | None) -> None:
            with contextlib.suppress(RuntimeError):  # the event loop is not running
                asyncio.get_running_loop().call_soon_threadsafe(self._reloader.request)

        previous = {signum: signal.signal(signum, handle) for signum in (signal.SIGTERM, signal.SIGINT)}
        previous[signal.SIGHUP] = signal.signal(signal.SIGHUP, reload)
        try:
            yield
        finally:
            for signum, handler in previous.items():
                signal.signal(signum, handler)


def collect_seldom() -> None:
    """Let the garbage collector run every 20,000 new objects instead of every 700: requests leave no cycles, and each run costs time."""
    gc.collect()
    gc.freeze()  # present objects are never collected
    gc.set_threshold(20_000, 20, 100)


def make_server(app: ASGIApp, service: Service, reloader: Reloader, keys: ApiKeys, access_log: AccessLog | None) -> DrainingServer:
    """The server of an application, with this project's connections."""
    settings, engine_name = service.settings, service.models.default_engine_name
    proxies, origins = ForwardingProxies(settings.forwarded_allow_ips), CrossOrigins(settings.cors_origins)
    overload = Overload(service.models, service.metrics, engine_name, keys, access_log, proxies, origins, settings.root_path)
    refusals = Refusals(read_connection_limits(settings), service.metrics, engine_name, origins, proxies)
    config = uvicorn.Config(
        app,
        http=cast("type[asyncio.Protocol]", partial(Connection, refusals=refusals, overload=overload)),
        ws="none",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,  # the application reads them
        timeout_graceful_shutdown=int(settings.drain_s) + 1,
        backlog=1024,
        ssl_certfile=settings.tls_cert,
        ssl_keyfile=settings.tls_key,
    )
    return DrainingServer(config, service, reloader, refusals, overload)


def listen(app: ASGIApp, service: Service, reloader: Reloader, listener: socket.socket, keys: ApiKeys, access_log: AccessLog | None) -> int:
    """Serve until a signal; returns the exit code."""
    server = make_server(app, service, reloader, keys, access_log)
    collect_seldom()
    server.run(sockets=[listener])
    return 1 if service.failure or not server.started else 0
