"""One request and its answer, shared by the connection, the middleware and the routes."""

import asyncio
import contextlib
import re
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count

from starlette.types import Receive, Scope

from server.telemetry.tracing import Trace, named

_REQUEST_ID = re.compile(rb"[A-Za-z0-9._:-]{1,64}")
TELLS_WHEN_GONE = "tells_when_gone"
"""A key in the scope of a server whose connection calls `abandon`."""
LOOPBACK = ("127.0.0.1", "::1", "")
INVITED = "classify.invited"
"""In a scope: whether the request was promised a place of the full window."""
_PROCESS = secrets.token_hex(4)
_numbers = count(1)


class ClientGone(Exception):
    """The client closed the connection before its answer."""


@dataclass(slots=True)
class RequestContext:
    """One request. The middleware creates it; the routes add to it."""

    request_id: str
    started_s: float
    client: str = ""
    """The client that gets an equal share of the engines."""
    key: str = ""
    """The name of its API key."""
    stages_s: dict[str, float] = field(default_factory=dict)
    status: int = 0
    engine: str = ""
    """Who answered."""
    client_gone: bool = False
    trace: Trace | None = None
    """The trace that it belongs to."""
    _waiting: asyncio.Task[object] | None = None

    @contextlib.contextmanager
    def unless_abandoned(self, receive: Receive | None = None) -> Iterator[None]:
        """Interrupt the code inside when the client closes the connection; raises ClientGone.

        `receive` of a request whose body has been read tells it. Without one the connection itself must call `abandon`.
        """
        if self.client_gone:  # while its body was taken apart
            raise ClientGone
        self._waiting = asyncio.current_task()
        watch = asyncio.create_task(self._watch(receive)) if receive else None
        try:
            yield
        except asyncio.CancelledError:
            if not self.client_gone or self._waiting is None:
                raise
            self._waiting.uncancel()
            raise ClientGone from None
        finally:
            self._waiting = None
            if watch:
                watch.cancel()

    async def _watch(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self.abandon()

    @property
    def trace_id(self) -> str:
        """The id of its trace, or nothing."""
        return self.trace.trace_id if self.trace else ""

    @property
    def log_fields(self) -> dict[str, str]:
        """What a line of the log has besides its message."""
        return {"request_id": self.request_id} | ({"trace_id": self.trace_id} if self.trace else {})

    @property
    def name(self) -> str:
        """What the logs of engines call it."""
        return named(self.request_id, self.trace_id)

    def abandon(self) -> None:
        """Called by the connection if it is lost before the answer."""
        self.client_gone = True
        if self._waiting:
            self._waiting.cancel()


def watch_of(scope: Scope, receive: Receive) -> Receive | None:
    """What `unless_abandoned` has to watch: nothing on our own connection, which saves a task for each request."""
    return None if TELLS_WHEN_GONE in scope else receive


def context_of(scope: Scope) -> RequestContext:
    """The context of the current request."""
    context: RequestContext = scope["request_context"]
    return context


def client_of(scope: Scope) -> str:
    """The client that gets an equal share: its address; on the loopback, where a proxy may serve many clients, the connection."""
    host, port = scope.get("client") or ("", 0)
    return f"{host}:{port}" if host in LOOPBACK else host


def request_id_of(headers: Mapping[bytes, bytes]) -> str:
    """The client's own id of a request if it is valid, or else a new one."""
    given = headers.get(b"x-request-id")
    return given.decode() if given and _REQUEST_ID.fullmatch(given) else f"{_PROCESS}{next(_numbers):08x}"
