"""Turns for what takes seconds of a core."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from server.errors import Saturated

MOST = 8
"""Requests that have a turn or wait for it; FastAPI has 40 threads for the files of all pages and every route that reads files."""


class Turns:
    """One request after the other. What is asked for is done even if its client has gone, so only a few may wait."""

    def __init__(self, what: str) -> None:
        """`what` names it at the beginning of a sentence."""
        self._what = what
        self._turn = threading.Lock()
        self._places = threading.Semaphore(MOST)

    @contextmanager
    def take(self) -> Iterator[None]:
        """Wait for a turn, and hold it; raises Saturated where too many wait."""
        if not self._places.acquire(blocking=False):
            raise _too_many(self._what)
        try:
            with self._turn:
                yield
        finally:
            self._places.release()


class AsyncTurns:
    """The same for what awaits: a request that waits holds no thread, and gives its place up when its client goes."""

    def __init__(self, what: str) -> None:
        """`what` names it at the beginning of a sentence."""
        self._what = what
        self._turn = asyncio.Lock()
        self._places = asyncio.Semaphore(MOST)

    @asynccontextmanager
    async def take(self) -> AsyncIterator[None]:
        """Wait for a turn, and hold it; raises Saturated where too many wait."""
        if self._places.locked():
            raise _too_many(self._what)
        async with self._places, self._turn:
            yield


def _too_many(what: str) -> Saturated:
    return Saturated(f"{what}: {MOST} are under way, the limit of this server.", "Try again in a moment.")
