"""One request and its answer, between the connection and the application."""

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
    """The kind of the next bytes of a connection."""

    BETWEEN = auto()
    HEAD = auto()
    BODY = auto()
    UNWANTED = auto()
    """Bytes to drop."""


class CycleTransport:
    """The transport for a cycle: only the connection can close it. With `holds_head` it writes an answer's head together with its body."""

    __slots__ = ("_head", "_write", "close", "holds_head", "is_closing")

    def __init__(self, transport: asyncio.Transport, close: Callable[[], None]) -> None:
        self._write = transport.write
        self._head = b""
        self.holds_head = False  # set before the head of an answer whose body comes at once
        self.is_closing = transport.is_closing
        self.close = close

    def write(self, data: bytes) -> None:
        """Write, or keep the head."""
        if self.holds_head:
            self._head, self.holds_head = data, False
        elif self._head:
            head, self._head = self._head, b""
            self._write(head + data)
        else:
            self._write(data)


class Cycle(RequestResponseCycle):
    """Uvicorn's cycle. Its body can fail with an error, and its answer can come before the end of the body."""

    behind: Collection[object]  # requests behind this one, which wait for its answer
    content_length: int | None
    received_bytes = 0
    refusal: ServiceError | None = None

    def add(self, piece: bytes) -> None:
        """Keep a piece of the body. Most bodies come in one, which is then not copied."""
        if not self.body:
            self.body = piece  # type: ignore[assignment] # only `receive` reads it
        elif isinstance(self.body, bytes):
            self.body = bytearray(self.body) + piece
        else:
            self.body += piece

    def refuse(self, error: ServiceError) -> None:
        """Raise an error where the application waits for the body; the application answers it like its own errors.

        If the application does not read the body, nothing fails: a GET is answered as if it had no body.
        """
        self.keep_alive = False
        if self.scope["method"] not in ("GET", "HEAD"):
            self.refusal = error
            self.message_event.set()

    def abandon(self) -> None:
        """Tell the application that the client has gone."""
        self.disconnected = True
        self.message_event.set()
        if "request_context" in self.scope:
            context_of(cast("Scope", self.scope)).abandon()

    async def receive(self) -> Any:  # noqa: ANN401 - uvicorn's own type
        """The next piece of the body; raises the error from `refuse`."""
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
        if not self.more_body and not self.behind:
            self.flow.resume_reading()  # a large last piece has paused it: without reading, nobody sees that the client goes
        return message

    async def send(self, message: Any) -> None:  # noqa: ANN401 - uvicorn's own type
        """Write a piece of the answer; keep the connection only if few bytes of the body are left to read and drop."""
        if not self.response_started:
            if self.more_body:
                self.keep_alive = self.keep_alive and self._can_drop_rest()
            has_length = b"content-length" in [name for name, _ in message.get("headers", ())]
            cast("CycleTransport", self.transport).holds_head = has_length and self.scope["method"] != "HEAD"  # no body follows then
        await super().send(message)

    def _can_drop_rest(self) -> bool:
        if self.content_length is None or self.waiting_for_100_continue:
            return False  # the body has no known end, or the client may never send it
        return self.content_length - self.received_bytes <= DISCARD_BYTES
