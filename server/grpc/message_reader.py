"""Reads the messages of calls, few at once: each may be as large as a body, and gRPC tells its size when all of it is there.

Until a message is read, gRPC takes UNREAD_BYTES of it. So the number of readers bounds the memory of messages that are not complete.
Nothing tells whether a message that is being read has begun, and a read that is given up ends the call: grpcio takes no second one.
So a place becomes free by ending a call, and that of a client that has most of them.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import grpc

from server.errors import BadRequest, RequestTimeout, Saturated
from server.grpc.open_calls import CallPlace, OpenCalls
from server.http.places import PATIENCE_S
from server.settings import Settings

T = TypeVar("T")
LEAST = 2
SMALL_PLACES, SMALL_EACH = 8, 2
"""Of messages without images, so that they do not wait behind uploads."""
UNREAD_BYTES = 256 * 1024
"""Less would cost messages of this size another round trip."""


class MessageReader:
    """At most `places` at once, and `each` for one client. Those that wait come in turn, first the clients that hold fewest places."""

    def __init__(self, places: int, each: int, timeout_s: float) -> None:
        """`timeout_s` is the longest wait for a place, and then the longest for the message."""
        self.places = places
        self._timeout_s = timeout_s
        self._read = OpenCalls(places, "messages that are read at once", each)
        self._queue: dict[asyncio.Future[CallPlace], str] = {}

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
        return self._read.is_full

    async def read(self, context: Any, call: CallPlace, take: Callable[[Any], Awaitable[T]]) -> T:
        """What `take` makes of a call's message, before another one gets the place. Until it is there, the `call` itself may give way.

        Raises RequestTimeout, BadRequest where there is no message, or Saturated where no place became free, or one that is needed.
        """
        has_place = False
        try:
            async with asyncio.timeout(self._timeout_s) as limit:
                call.waits()
                place, has_place = await self._turn(call.client), True
                async with self._read.held(place):
                    limit.reschedule(asyncio.get_running_loop().time() + self._timeout_s)
                    message = await self._message(context, call, place)
                    limit.reschedule(None)
                    if message is not grpc.aio.EOF:
                        return await take(message)
        except TimeoutError:
            if has_place:
                raise RequestTimeout("The message did not arrive in time.", "Send it faster, or raise CLIENT_TIMEOUT_S.") from None
            raise Saturated(f"{self.places} messages are being read, the limit of this server.", "Try again in a moment.") from None
        finally:
            self._hand_out()
        raise BadRequest("The call has no message.", "Send one message.")

    async def _message(self, context: Any, call: CallPlace, place: CallPlace) -> Any:
        call.waits()  # anew, so that calls in the queue give way before it
        place.waits(PATIENCE_S)
        needed = asyncio.get_running_loop().call_later(PATIENCE_S, self._hand_out)
        try:
            return await context.read()
        finally:
            needed.cancel()
            call.works()
            place.works()

    async def _turn(self, client: str) -> CallPlace:
        """A place, when it is there."""
        given: asyncio.Future[CallPlace] = asyncio.get_running_loop().create_future()
        self._queue[given] = client
        self._hand_out()
        try:
            return await given
        except asyncio.CancelledError:
            if given in self._queue:
                del self._queue[given]
            else:
                self._read.leave(given.result())
            raise

    def _hand_out(self) -> None:
        """Give away what is free, and what those that wait are more in need of than those that have it."""
        while waiting := [given for given in self._queue if not given.done()]:
            first = min(waiting, key=lambda given: self._read.count(self._queue[given]))
            place = self._read.enter(self._queue[first])
            if not place:
                return
            del self._queue[first]
            first.set_result(place)
