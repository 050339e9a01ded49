"""Reads the messages of calls, few at once: each may be as large as a body, and gRPC tells its size when all of it is there."""

import asyncio
from typing import Any
from weakref import WeakValueDictionary

import grpc

from server.errors import BadRequest, RequestTimeout, Saturated
from server.settings import Settings

LEAST = 2
SMALL_PLACES, SMALL_EACH = 32, 8
"""Of messages without images, so that a probe does not wait behind uploads."""


class MessageReader:
    """At most `places` at once, and `each` for one client."""

    def __init__(self, places: int, each: int, timeout_s: float) -> None:
        """`timeout_s` is the longest wait for a place, and then the longest for the message."""
        self.places, self._each = places, each
        self._timeout_s = timeout_s
        self._free = asyncio.Semaphore(places)
        self._clients = WeakValueDictionary[str, asyncio.Semaphore]()

    @classmethod
    def of_images(cls, settings: Settings) -> "MessageReader":
        """As many as the largest would fit into BODY_BUDGET_BYTES; half of them for one client, so that another one has the rest."""
        places = max(LEAST, settings.body_budget_bytes // settings.max_body_bytes)
        return cls(places, places // 2, settings.client_timeout_s)

    @classmethod
    def of_others(cls, settings: Settings) -> "MessageReader":
        """For messages that are small, unless somebody means harm."""
        return cls(SMALL_PLACES, SMALL_EACH, settings.client_timeout_s)

    async def read(self, context: Any, client: str) -> bytes:
        """The message of a call that has one; raises RequestTimeout, BadRequest, or Saturated where no place became free."""
        own, has_place = self._clients.setdefault(client, asyncio.Semaphore(self._each)), False
        try:
            async with asyncio.timeout(self._timeout_s) as limit, own, self._free:
                has_place = True
                limit.reschedule(asyncio.get_running_loop().time() + self._timeout_s)
                message = await context.read()
        except TimeoutError:
            if has_place:
                raise RequestTimeout("The message did not arrive in time.", "Send it faster, or raise CLIENT_TIMEOUT_S.") from None
            raise Saturated(f"{self.places} messages are being read, the limit of this server.", "Try again in a moment.") from None
        if message is grpc.aio.EOF:
            raise BadRequest("The call has no message.", "Send one message.")
        return bytes(message)
