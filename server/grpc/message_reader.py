"""Reads the messages of calls, few at once: each may be as large as a body, and gRPC tells its size when all of it is there.

Until a message is read, gRPC takes UNREAD_BYTES of it. So the number of readers bounds the memory of messages that are not complete.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar
from weakref import WeakValueDictionary

import grpc

from server.errors import BadRequest, RequestTimeout, Saturated
from server.settings import Settings

T = TypeVar("T")
LEAST = 2
SMALL_PLACES, SMALL_EACH = 8, 2
"""Of messages without images, so that they do not wait behind uploads."""
UNREAD_BYTES = 256 * 1024
"""Less would cost messages of this size another round trip."""


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

    @property
    def is_full(self) -> bool:
        """Whether a message would have to wait for a place."""
        return self._free.locked()

    async def read(self, context: Any, client: str, take: Callable[[Any], Awaitable[T]]) -> T:
        """What `take` makes of a call's message, before another one gets the place.

        Raises RequestTimeout, BadRequest where there is no message, or Saturated where no place became free.
        """
        own, has_place = self._clients.setdefault(client, asyncio.Semaphore(self._each)), False
        try:
            async with asyncio.timeout(self._timeout_s) as limit, own, self._free:
                has_place = True
                limit.reschedule(asyncio.get_running_loop().time() + self._timeout_s)
                message = await context.read()
                limit.reschedule(None)
                if message is not grpc.aio.EOF:
                    return await take(message)
        except TimeoutError:
            if has_place:
                raise RequestTimeout("The message did not arrive in time.", "Send it faster, or raise CLIENT_TIMEOUT_S.") from None
            raise Saturated(f"{self.places} messages are being read, the limit of this server.", "Try again in a moment.") from None
        raise BadRequest("The call has no message.", "Send one message.")
