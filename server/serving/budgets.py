"""Limits the bytes of all bodies in progress: each body has its own limit, but there may be thousands of bodies."""

import asyncio
from types import TracebackType
from typing import Self

from server.engines.fleet.model_shares import fair_limit
from server.errors import Saturated
from server.telemetry.metrics import Metrics


class BodyBudget:
    """The bytes of all bodies of a server. The bodies for one model are sure of an equal part, and of `least_bytes`."""

    def __init__(self, limit_bytes: int, metrics: Metrics, least_bytes: int = 0) -> None:
        self.limit_bytes = limit_bytes
        self.held_bytes = 0
        self.turn = asyncio.Lock()
        """Of the next piece of a large body: a round of the event loop takes one, so that others do not wait for many."""
        self._least_bytes = least_bytes
        self._models: dict[str, int] = {}
        self._rejected = metrics.rejected
        metrics.body_bytes.set_function(lambda: float(self.held_bytes))
        metrics.body_limit_bytes.set(limit_bytes)

    def take(self, more_bytes: int, model: str = "") -> None:
        """Reserve more bytes, for a model or for something else; raises Saturated if they do not fit."""
        own_bytes = self._models.get(model, 0)
        if own_bytes + more_bytes > self._limit_of(model):
            self._rejected.labels(model, Saturated.code).inc()
            raise Saturated("The request bodies in progress have reached this server's limit of bytes.", "Try again in a moment.")
        self.held_bytes += more_bytes
        self._models[model] = own_bytes + more_bytes

    def _limit_of(self, model: str) -> int:
        others = [held_bytes for name, held_bytes in self._models.items() if name != model]
        return fair_limit(self.limit_bytes, others, self._least_bytes) if model else self.limit_bytes - sum(others)

    def give_back(self, held_bytes: int, model: str = "") -> None:
        """Release bytes."""
        self.held_bytes -= held_bytes
        left_bytes = self._models.get(model, 0) - held_bytes
        if left_bytes:
            self._models[model] = left_bytes
        else:
            self._models.pop(model, None)


class BodyHold:
    """The share of one request, released at the end of the block."""

    __slots__ = ("_budget", "_bytes", "_model")

    def __init__(self, budget: BodyBudget, model: str = "") -> None:
        self._budget = budget
        self._model = model
        self._bytes = 0

    def grow_to(self, total_bytes: int) -> None:
        """Hold at least this many bytes; raises Saturated."""
        if total_bytes > self._bytes:
            self._budget.take(total_bytes - self._bytes, self._model)
            self._bytes = total_bytes

    async def take_turn(self) -> None:
        """Wait while others take a piece of a large body, and let the loop see to all else."""
        async with self._budget.turn:
            await asyncio.sleep(0)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._budget.give_back(self._bytes, self._model)
