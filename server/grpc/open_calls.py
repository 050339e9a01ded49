"""Calls of one kind that may be open at once: those that wait for long would else take the places of all others.

A call whose client has said nothing yet costs this client a few bytes. So at the limit it gives way to a client that has fewer, as a
connection does in server/http/places.py.
"""

import asyncio
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from server.errors import Saturated


class CallPlace:
    """Of one call. It is sure as long as the server works, and not while the call waits for its client."""

    def __init__(self, client: str) -> None:
        self.client = client
        self.limit = asyncio.Timeout(None)
        self.gave_way = False
        self.free_s = math.inf
        """From when on another client may get it, in the time of the loop."""

    def waits(self, patience_s: float = 0.0) -> None:
        """From now on the call waits for its client, who has so many seconds before the place may be given away."""
        self.free_s = asyncio.get_running_loop().time() + patience_s

    def works(self) -> None:
        """The client has said what it had to."""
        self.free_s = math.inf

    def give_way(self) -> None:
        """End the call."""
        self.gave_way = True
        self.limit.reschedule(0)


class OpenCalls:
    """At most `most` at a time, `each` of them of one client; `what` names several of them."""

    def __init__(self, most: int, what: str, each: int) -> None:
        self._most, self._what, self._each = most, what, each
        self._open: dict[str, list[CallPlace]] = {}
        self._held = 0

    @property
    def is_full(self) -> bool:
        """Whether none is free."""
        return self._held >= self._most

    @asynccontextmanager
    async def one(self, client: str) -> AsyncIterator[CallPlace]:
        """Around a call; raises Saturated."""
        place = self.enter(client)
        if not place and self.count(client) >= self._each:
            raise Saturated(f"{self._each} {self._what} of this client are open, the limit for one.", "End one of them.")
        if not place:
            raise Saturated(f"{self._most} {self._what} are open, the limit of this server.", "End others, or try again in a moment.")
        async with self.held(place):
            yield place

    def count(self, client: str) -> int:
        """The places of a client."""
        return len(self._open.get(client, ()))

    def enter(self, client: str) -> CallPlace | None:
        """A place, to be `held`; None if there is none for this client."""
        if self.count(client) >= self._each or (self.is_full and not self._end_other(client)):
            return None
        place = CallPlace(client)
        self._open.setdefault(client, []).append(place)
        self._held += 1
        return place

    @asynccontextmanager
    async def held(self, place: CallPlace) -> AsyncIterator[None]:
        """Around the work in a place; raises Saturated in a call that gives way."""
        try:
            async with place.limit:
                yield
        except TimeoutError:
            if not place.gave_way:
                raise
            words = f"Another client needed one of the {self._most} {self._what} of this server, and this one waited for a message."
            raise Saturated(words, "Open a call when its message is there, or try again in a moment.") from None
        finally:
            self.leave(place)

    def leave(self, place: CallPlace) -> None:
        """Count it no more; to do it again changes nothing."""
        own = self._open.get(place.client, [])
        if place in own:
            own.remove(place)
            self._held -= 1
            if not own:
                del self._open[place.client]

    def _end_other(self, client: str) -> bool:
        """End the call that has waited longest, of the client with the most. None if it would then have fewer than the newcomer."""
        now_s = asyncio.get_running_loop().time()
        others = [each for each in self._open.values() if len(each) > self.count(client) + 1]
        waiting = [(-len(each), place.free_s, place) for each in others for place in each if place.free_s <= now_s]
        if not waiting:
            return False
        *_, longest = min(waiting, key=lambda each: each[:2])
        self.leave(longest)
        longest.give_way()
        return True
