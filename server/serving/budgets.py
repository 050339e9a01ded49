"""Limits the bytes of all bodies in progress: each body has its own limit, but there may be thousands of bodies."""

from types import TracebackType
from typing import Self

from server.errors import Saturated
from server.telemetry.metrics import Metrics


class BodyBudget:
    """The bytes of all bodies of a server."""

    def __init__(self, limit_bytes: int, metrics: Metrics) -> None:
        self.limit_bytes = limit_bytes
        self.held_bytes = 0
        self._refused = metrics.rejected.labels(Saturated.code)
        metrics.body_bytes.set_function(lambda: float(self.held_bytes))
        metrics.body_limit_bytes.set(limit_bytes)

    def take(self, more_bytes: int) -> None:
        """Reserve more bytes; raises Saturated if they do not fit."""
        if self.held_bytes + more_bytes > self.limit_bytes:
            self._refused.inc()
            raise Saturated("The request bodies in progress have reached this server's limit of bytes.", "Try again in a moment.")
        self.held_bytes += more_bytes

    def give_back(self, held_bytes: int) -> None:
        """Release bytes."""
        self.held_bytes -= held_bytes


class BodyHold:
    """The share of one request, released at the end of the block."""

    __slots__ = ("_budget", "_bytes")

    def __init__(self, budget: BodyBudget) -> None:
        self._budget = budget
        self._bytes = 0

    def grow_to(self, total_bytes: int) -> None:
        """Hold at least this many bytes; raises Saturated."""
        if total_bytes > self._bytes:
            self._budget.take(total_bytes - self._bytes)
            self._bytes = total_bytes

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._budget.give_back(self._bytes)
