"""The bytes of bodies that may be under way together: each is bounded by itself, but there may be thousands."""

from types import TracebackType
from typing import Self

from server.errors import Saturated
from server.telemetry.metrics import Metrics


class BodyBudget:
    """One for a server."""

    def __init__(self, limit_bytes: int, metrics: Metrics) -> None:
        self._limit_bytes = limit_bytes
        self._held_bytes = 0
        self._refused = metrics.rejected.labels(Saturated.code)
        metrics.body_bytes.set_function(lambda: float(self._held_bytes))

    def take(self, more_bytes: int) -> None:
        """Add to what is held; raises Saturated when it does not fit."""
        if self._held_bytes + more_bytes > self._limit_bytes:
            self._refused.inc()
            raise Saturated("The bodies under way have as many bytes as this server takes.", "Try again in a moment.")
        self._held_bytes += more_bytes

    def give_back(self, held_bytes: int) -> None:
        """What is held no longer."""
        self._held_bytes -= held_bytes


class BodyHold:
    """The share of one request, given back when it is left."""

    __slots__ = ("_budget", "_bytes")

    def __init__(self, budget: BodyBudget) -> None:
        self._budget = budget
        self._bytes = 0

    def grow_to(self, total_bytes: int) -> None:
        """Hold so many bytes if there are fewer now; raises Saturated."""
        if total_bytes > self._bytes:
            self._budget.take(total_bytes - self._bytes)
            self._bytes = total_bytes

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._budget.give_back(self._bytes)
