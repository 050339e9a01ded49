"""Whether a client that has ended its sending is gone altogether, or has shut that half only and waits for its answer."""

import asyncio
import os
import socket
from collections.abc import Callable

KNOCK_S = 0.1
INTERIM = b"HTTP/1.1 100 Continue\r\n\r\n"


class HalfClosed:
    """Watches such a client for as long as `waiting()`, and aborts the transport when it is gone.

    An interim answer, which `may_write()` allows, is harmless to a client that listens; one that is gone answers it with a reset.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, transport: asyncio.Transport, waiting: Callable[[], bool], may_write: Callable[[], bool]
    ) -> None:
        self._loop = loop
        self._transport = transport
        self._waiting = waiting
        self._may_write = may_write
        loop.call_later(KNOCK_S, self._knock)

    def _knock(self) -> None:
        if self._waiting() and not self._transport.is_closing():
            if self._may_write():
                self._transport.write(INTERIM)
            self._loop.call_later(KNOCK_S, self._listen)

    def _listen(self) -> None:
        if self._waiting() and not self._transport.is_closing():
            if is_reset(self._transport):
                self._transport.abort()
            else:
                self._loop.call_later(KNOCK_S, self._listen)


def is_reset(transport: asyncio.Transport) -> bool:
    """Whether the client has sent a reset; an event loop that has stopped reading does not see it."""
    descriptor = os.dup(transport.get_extra_info("socket").fileno())
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, fileno=descriptor) as same:
        return same.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) != 0
