"""Limits the bytes of all bodies in progress: each body has its own limit, but there may be thousands of bodies.

Bytes count when they arrive, and not when a header announces them: else a few headers would take the budget from everybody. So more bodies
may begin than can end. When the bytes are used up, the large body that still arrives and has least is refused, for one that has come
further or is short.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
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
        self.read = set[BodyHold]()
        """Of the large bodies that arrive now."""
        self._rejected = metrics.rejected
        metrics.body_bytes.set_function(lambda: float(self.held_bytes))
        metrics.body_limit_bytes.set(limit_bytes)

    def fits(self, more_bytes: int, model: str, client: str) -> bool:
        """Whether more bytes for a model, or for something else, can be held now."""
        return self._models[model] + more_bytes <= self._limit_of(model) and not self._is_greedy(client, more_bytes)

    def refusal(self, model: str) -> Saturated:
        """The error where they do not fit."""
        self._rejected.labels(model, Saturated.code).inc()
        return Saturated("The request bodies in progress have reached this server's limit of bytes.", "Try again in a moment.")

    def take(self, more_bytes: int, model: str, client: str) -> None:
        """Reserve more bytes; raises Saturated."""
        if not self.fits(more_bytes, model, client):
            raise self.refusal(model)
        self.held_bytes += more_bytes
        self._models[model] += more_bytes
        self._clients[client] += more_bytes

    def make_room(self, hold: "BodyHold", more_bytes: int) -> bool:
        """End the reading of the large body that has least, for one that has more, or is short; whether that makes room soon."""
        rivals = [each for each in self.read if each is not hold]
        if self._models[hold.model] + more_bytes > self._limit_of(hold.model):
            rivals = [each for each in rivals if each.model == hold.model]
        if self._is_greedy(hold.client, more_bytes):
            rivals = [each for each in rivals if each.client == hold.client]
        if any(each.gives_way for each in rivals):
            return True
        least = min(rivals, key=lambda each: each.held_bytes, default=None)
        if least is None or (hold in self.read and least.held_bytes >= hold.held_bytes):
            return False
        least.give_way()
        return True

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

    def __init__(self, budget: BodyBudget, client: str, model: str = "") -> None:
        self._budget = budget
        self.client = client
        self.model = model
        self.held_bytes = 0
        self._reading: asyncio.Timeout | None = None
        self.gives_way = False

    def expect(self, total_bytes: int, *, short: bool = False) -> None:
        """Raise Saturated if so many bytes do not fit now: their client need not send them. For a short body a large one may give way."""
        may_give_way = short and self._budget.read
        if not may_give_way and not self._budget.fits(total_bytes - self.held_bytes, self.model, self.client):
            raise self._budget.refusal(self.model)

    def grow_to(self, total_bytes: int) -> None:
        """Hold at least this many bytes; raises Saturated."""
        if total_bytes > self.held_bytes:
            self._budget.take(total_bytes - self.held_bytes, self.model, self.client)
            self.held_bytes = total_bytes

    def grow_by(self, more_bytes: int) -> None:
        """Hold more bytes; raises Saturated."""
        self.grow_to(self.held_bytes + more_bytes)

    async def arrive(self, more_bytes: int) -> None:
        """Hold more bytes, if need be those of a body that has come less far; raises Saturated."""
        while not self._budget.fits(more_bytes, self.model, self.client):
            if not self._budget.make_room(self, more_bytes):
                break
            await asyncio.sleep(0)  # until the other one has ended
        self.grow_by(more_bytes)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[None]:
        """Around the reading of a large body; raises Saturated when it gives way to others that have come further."""
        self._budget.read.add(self)
        try:
            async with asyncio.timeout(None) as self._reading:
                yield
        except TimeoutError:
            if not self.gives_way:
                raise
            raise self._budget.refusal(self.model) from None
        finally:
            self._budget.read.discard(self)

    def give_way(self) -> None:
        """End the reading."""
        self.gives_way = True
        if self._reading:
            self._reading.reschedule(0)

    def shrink_to(self, total_bytes: int) -> None:
        """Hold no more than so many bytes: the others are not in memory any more."""
        if total_bytes < self.held_bytes:
            self._budget.give_back(self.held_bytes - total_bytes, self.model, self.client)
            self.held_bytes = total_bytes

    def shrink_by(self, fewer_bytes: int) -> None:
        """Hold fewer bytes."""
        self.shrink_to(self.held_bytes - fewer_bytes)

    async def take_turn(self) -> None:
        """Wait while others take a piece of a large body, and let the loop see to all else."""
        async with self._budget.turn:
            await asyncio.sleep(0)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._budget.give_back(self.held_bytes, self.model, self.client)
