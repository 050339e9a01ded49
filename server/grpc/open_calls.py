"""Calls of one kind that may be open at once: those that wait for long would else take the places of all others."""

from collections.abc import Iterator
from contextlib import contextmanager

from server.errors import Saturated


class OpenCalls:
    """At most `most` at a time; `what` names several of them."""

    def __init__(self, most: int, what: str) -> None:
        self._most, self._what, self._open = most, what, 0

    @contextmanager
    def one(self) -> Iterator[None]:
        """Around a call; raises Saturated."""
        if self._open >= self._most:
            raise Saturated(f"{self._most} {self._what} are open, the limit of this server.", "End others, or try again in a moment.")
        self._open += 1
        try:
            yield
        finally:
            self._open -= 1
