"""Streams of events that are open: each looks at its evaluation twice a second, as long as that runs."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from server.errors import Saturated

MOST, EACH = 64, 16
"""Of all clients, and of one."""


class Followers:
    """Who follows an evaluation."""

    def __init__(self) -> None:
        self._open = Counter[str]()

    def check(self, client: str) -> None:
        """Raise Saturated if one more of a client would be too many."""
        if self._open.total() >= MOST or self._open[client] >= EACH:
            whose = f"{EACH} streams of events of this client" if self._open[client] >= EACH else f"{MOST} streams of events"
            raise Saturated(f"{whose} are open, the limit of this server.", "End others, or ask GET /evaluate/{id} now and then.")

    @contextmanager
    def one(self, client: str) -> Iterator[None]:
        """Around a stream."""
        self._open[client] += 1
        try:
            yield
        finally:
            self._open[client] -= 1
            if not self._open[client]:
                del self._open[client]
