"""One request and its answer, as the application sees them."""

import asyncio
from collections.abc import Callable, Collection
from enum import Enum, auto
from typing import Any, cast

from starlette.types import Scope
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from server.api.request_context import context_of
from server.errors import ServiceError
from server.http.limits import DISCARD_BYTES


class ReadPhase(Enum):
    """What the next bytes of a connection are."""

    BETWEEN = auto()
    HEAD = auto()
    BODY = auto()
    UNWANTED = auto()
    """To be dropped."""


class CycleTransport:
    """The transport as a cycle sees it: to close it is the connection's affair."""

    __slots__ = ("close", "is_closing", "write")

    def __init__(self, transport: asyncio.Transport, close: Callable[[], None]) -> None:
        self.write = transport.write
        self.is_closing = transport.is_closing
        self.close = close


class Cycle(RequestResponseCycle):
    """Uvicorn's cycle, whose body can fail with a refusal and whose answer may come before the body's end."""

    behind: Collection[object]  # the requests that wait for this answer
    content_length: int | None
    received_bytes = 0
    refusal: ServiceError | None = None

    def refuse(self, error: ServiceError) -> None:
        """Let the application meet an error where it waits for the body, and answer it like its own.

        What nobody waits for cannot fail: a GET is answered as if it had no body.
        """
        self.keep_alive = False
        if self.scope["method"] not in ("GET", "HEAD"):
            self.refusal = error
            self.message_event.set()

    def abandon(self) -> None:
        """Tell the application that the client is gone."""
        self.disconnected = True
        self.message_event.set()
        if "request_context" in self.scope:
            context_of(cast("Scope", self.scope)).abandon()

    async def receive(self) -> Any:  # noqa: ANN401 - uvicorn's own type
        """The next piece of the body; raises the refusal."""
        if self.refusal is None:
            if self.waiting_for_100_continue and not self.transport.is_closing():
                self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
                self.waiting_for_100_continue = False
            if not self.disconnected and not self.response_complete:
                if not self.behind:
                    self.flow.resume_reading()
                await self.message_event.wait()
                self.message_event.clear()
        if self.disconnected or self.response_complete:
            return {"type": "http.disconnect"}
        if self.refusal is not None:
            raise self.refusal
        message = {"type": "http.request", "body": bytes(self.body), "more_body": self.more_body}
        self.body = bytearray()
        return message

    async def send(self, message: Any) -> None:  # noqa: ANN401 - uvicorn's own type
        """Write a piece of the answer; the connection is kept only if little of the body is left to read and drop."""
        if self.more_body and not self.response_started:
            self.keep_alive = self.keep_alive and self._can_drop_rest()
        await super().send(message)

    def _can_drop_rest(self) -> bool:
        if self.content_length is None or self.waiting_for_100_continue:
            return False  # it has no end that is known, or may never be sent
        return self.content_length - self.received_bytes <= DISCARD_BYTES
