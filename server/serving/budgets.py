"""Limits the bytes of all bodies in progress: each body has its own limit, but there may be thousands of bodies.

Bytes count when they arrive, and not when a header announces them: else a few headers would take the budget from everybody.
"""

import asyncio
from collections import Counter
from types import TracebackType
from typing import Self

from server.engines.fleet.model_shares import fair_limit
from server.errors import Saturated
from server.telemetry.metrics import Metrics


class BodyBudget:
    """The bytes of all bodies of a server. The bodies for one model are sure of an equal part, and of `least_bytes`.

    The last `least_bytes` are for clients that hold no more than an equal part: one of them never takes all.
    """

    def __init__(self, limit_bytes: int, metrics: Metrics, least_bytes: int = 0) -> None:
        self.limit_bytes = limit_bytes
        self.held_bytes = 0
        self.turn = asyncio.Lock()
        """Of the next piece of a large body: a round of the event loop takes one, so that others do not wait for many."""
        self._least_bytes = least_bytes
        self._models = Counter[str]()
        self._clients = Counter[str]()
        self._rejected = metrics.rejected
        metrics.body_bytes.set_function(lambda: float(self.held_bytes))
        metrics.body_limit_bytes.set(limit_bytes)

    def expect(self, more_bytes: int, model: str, client: str) -> None:
        """Raise Saturated if more bytes for a model, or for something else, do not fit now; nothing is held for them."""
        own_bytes = self._models[model] + more_bytes
        if own_bytes > self._limit_of(model) or self._is_greedy(client, more_bytes):
            self._rejected.labels(model, Saturated.code).inc()
            raise Saturated("The request bodies in progress have reached this server's limit of bytes.", "Try again in a moment.")

    def take(self, more_bytes: int, model: str, client: str) -> None:
        """Reserve more bytes; raises Saturated."""
        self.expect(more_bytes, model, client)
        self.held_bytes += more_bytes
        self._models[model] += more_bytes
        self._clients[client] += more_bytes

    def _limit_of(self, model: str) -> int:
        others = [held_bytes for name, held_bytes in self._models.items() if name != model]
        return fair_limit(self.limit_bytes, others, self._least_bytes) if model else self.limit_bytes - sum(others)

    def _is_greedy(self, client: str, more_bytes: int) -> bool:
        """Whether a client would have the bytes that are left for others. Its part is as if one more client were there."""
        if self.held_bytes + more_bytes <= self.limit_bytes - self._least_bytes:
            return False
        clients = len(self._clients) + (client not in self._clients)
        return self._clients[client] + more_bytes > max(self.limit_bytes // (1 + clients), self._least_bytes)

    def give_back(self, held_bytes: int, model: str, client: str) -> None:
        """Release bytes."""
        self.held_bytes -= held_bytes
        for held, name in ((self._models, model), (self._clients, client)):
            held[name] -= held_bytes
            if not held[name]:
                del held[name]


class BodyHold:
    """The share of one request, released at the end of the block."""

    __slots__ = ("_budget", "_bytes", "_client", "_model")

    def __init__(self, budget: BodyBudget, client: str, model: str = "") -> None:
        self._budget = budget
        self._client = client
        self._model = model
        self._bytes = 0

    def expect(self, total_bytes: int) -> None:
        """Raise Saturated if so many bytes do not fit now: their client need not send them."""
        self._budget.expect(total_bytes - self._bytes, self._model, self._client)

    def grow_to(self, total_bytes: int) -> None:
        """Hold at least this many bytes; raises Saturated."""
        if total_bytes > self._bytes:
            self._budget.take(total_bytes - self._bytes, self._model, self._client)
            self._bytes = total_bytes

    def grow_by(self, more_bytes: int) -> None:
        """Hold more bytes; raises Saturated."""
        self.grow_to(self._bytes + more_bytes)

    def shrink_to(self, total_bytes: int) -> None:
        """Hold no more than so many bytes: the others are not in memory any more."""
        if total_bytes < self._bytes:
            self._budget.give_back(self._bytes - total_bytes, self._model, self._client)
            self._bytes = total_bytes

    def shrink_by(self, fewer_bytes: int) -> None:
        """Hold fewer bytes."""
        self.shrink_to(self._bytes - fewer_bytes)

    async def take_turn(self) -> None:
        """Wait while others take a piece of a large body, and let the loop see to all else."""
        async with self._budget.turn:
            await asyncio.sleep(0)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._budget.give_back(self._bytes, self._model, self._client)
