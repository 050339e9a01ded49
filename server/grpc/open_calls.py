"""Calls of one kind that may be open at once: those that wait for long would else take the places of all others."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from server.errors import Saturated


class OpenCalls:
    """At most `most` at a time, `each` of them of one client; `what` names several of them."""

    def __init__(self, most: int, what: str, each: int) -> None:
        self._most, self._what, self._each = most, what, each
        self._open = Counter[str]()

    @contextmanager
    def one(self, client: str) -> Iterator[None]:
        """Around a call; raises Saturated."""
        if self._open.total() >= self._most:
            raise Saturated(f"{self._most} {self._what} are open, the limit of this server.", "End others, or try again in a moment.")
        if self._open[client] >= self._each:
            raise Saturated(f"{self._each} {self._what} of this client are open, the limit for one.", "End one of them.")
        self._open[client] += 1
        try:
            yield
        finally:
            self._open[client] -= 1
            if not self._open[client]:
                del self._open[client]
