"""The door to the engine: deadlines, abandoned requests, and the record of what became of every image."""

import asyncio
from collections.abc import Coroutine
from time import monotonic
from typing import Any, TypeVar

from starlette.types import Receive

from server.engines.base import Engine, InferenceRequest
from server.errors import DeadlineExceeded, EngineFailed, Saturated, ServiceError
from server.metrics import Metrics
from server.types import EncodedImage, Prediction

T = TypeVar("T")

PATIENCE_S = 0.02  # most requests are answered sooner; only for the others a task is spent on watching the client


class ClientGone(Exception):
    """The client closed the connection before its answer."""


class Admission:
    """Hands images to the engine and waits for the answers, no longer than the request's time."""

    def __init__(self, engine: Engine, metrics: Metrics, timeout_s: float) -> None:
        self._engine = engine
        self._metrics = metrics
        self._timeout_s = timeout_s
        self._under_way = 0
        metrics.window_capacity.set(engine.capacity)

    def deadline_s(self, timeout_ms: int | None) -> float:
        """When a request that begins now must be answered; a client may ask for less than the server's own limit."""
        asked_s = self._timeout_s if timeout_ms is None else min(timeout_ms / 1000, self._timeout_s)
        return monotonic() + asked_s

    def check_room(self) -> None:
        """Refuse before the body is even read when the window is full; raises Saturated.

        What is let through may still be refused by the engine, which counts for itself.
        """
        if self._under_way >= self._engine.capacity:
            self._metrics.rejected.labels(Saturated.code).inc()
            raise Saturated(f"{self._engine.capacity} images are in flight, which is all this server takes.", "Try again in a moment.")

    async def classify(self, image: EncodedImage, request_id: str, deadline_s: float) -> Prediction:
        """The engine's answer; raises ServiceError. Cancelling this spares the work that has not begun."""
        loop = asyncio.get_running_loop()
        try:
            future = self._engine.submit(InferenceRequest(image, request_id, deadline_s))
        except ServiceError as error:
            self._metrics.rejected.labels(error.code).inc()
            raise
        self._under_way += 1
        self._metrics.in_flight.set(self._under_way)
        answer = asyncio.wrap_future(future, loop=loop)
        try:
            prediction = await asyncio.wait_for(answer, deadline_s - monotonic())
        except TimeoutError:
            self._record("deadline_exceeded")
            raise DeadlineExceeded("The image was not answered in the request's time.", "Ask for more time or try later.") from None
        except asyncio.CancelledError:
            self._record("abandoned")
            raise
        except ServiceError as error:
            self._record(error.code)
            raise
        except Exception as error:
            self._record(EngineFailed.code)
            raise EngineFailed(f"The engine failed: {error!r}.") from error
        self._record("ok")
        for stage, elapsed_s in prediction.stages_s.items():
            self._metrics.stage_duration_s.labels(stage).observe(elapsed_s)
        return prediction

    def _record(self, outcome: str) -> None:
        self._under_way -= 1
        self._metrics.in_flight.set(self._under_way)
        self._metrics.images.labels(self._engine.name, outcome).inc()


async def unless_abandoned(work: Coroutine[Any, Any, T] | asyncio.Future[T], receive: Receive) -> T:
    """The result of some work, cancelled with ClientGone when the client closes the connection first."""
    task = asyncio.ensure_future(work)
    done, _ = await asyncio.wait((task,), timeout=PATIENCE_S)
    if not done:
        watcher = asyncio.ensure_future(_disconnection(receive))
        await asyncio.wait((task, watcher), return_when=asyncio.FIRST_COMPLETED)
        watcher.cancel()
        if not task.done():
            task.cancel()
            await asyncio.wait((task,))
            raise ClientGone
    return task.result()


async def _disconnection(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
