"""Passes images to a model's engine: deadlines, cancelled requests, and a count of every outcome."""

import asyncio
import concurrent.futures
from time import monotonic

from server.engines.fleet.fleet import Fleet
from server.engines.work import InferenceRequest
from server.errors import DeadlineExceeded, EngineFailed, EngineUnavailable, Saturated, ServiceError
from server.serving.handover import Handover, settle
from server.serving.served_model import ServedModel
from server.telemetry.model_metrics import ModelMetrics
from server.types import EncodedImage, Prediction, Scores

INVITED_S = 1.0
"""After so long a client is let into a full window again whose body has not come: else heads alone would take the turns of others."""


class Admission:
    """Passes images to the engine and waits for the answers, at most for the request's time."""

    def __init__(self, served: ServedModel, metrics: ModelMetrics, timeout_s: float) -> None:
        self.served = served
        """The version that answers; change it only on the event loop's thread."""
        self._metrics = metrics
        self._timeout_s = timeout_s
        self._handover = Handover(lambda: bool(self._engine.waiting))
        self._invited_s: dict[str, float] = {}  # by client, the latest last: when it was let into a full window; its body has not come yet
        self.under_way = 0
        self.answers = 0
        self.answered_s = 0.0
        """Images answered by the present version, and the sum of their times from here to the answer."""
        self.last_s = float("-inf")  # the time of the last image, on the clock of monotonic()
        metrics.window_capacity.set_function(lambda: self._engine.capacity)

    @property
    def _engine(self) -> Fleet:
        return self.served.engine

    def deadline_s(self, timeout_ms: int | None) -> float:
        """The deadline of a request that starts now; a client may choose a shorter time than the server's limit."""
        asked_s = self._timeout_s if timeout_ms is None else min(timeout_ms / 1000, self._timeout_s)
        return monotonic() + asked_s

    def check_room(self, client: str, *, short: bool = False) -> None:
        """Refuse before the body is even read when the window is full; raises Saturated. `short` says that the body is.

        The engine may still refuse what is let through: it counts for itself, and knows what the image costs.
        """
        if self.is_full_for(client, short=short):
            self.count_refusal()
            raise self.refusal()

    @property
    def is_full(self) -> bool:
        """Whether all places of the window are taken, and not by an evaluation, whose images give way.

        The engine knows: what is under way on one that a reload has taken out of service has no place there.
        """
        return self.under_way >= self._engine.capacity and self._engine.in_flight.is_full

    def is_full_for(self, client: str, *, short: bool) -> bool:
        """Whether the window has no place for a client, because no other client holds more of it, or because another was just let in."""
        return self.is_full and not self._invites(client, short=short)

    def _invites(self, client: str, *, short: bool) -> bool:
        now_s = monotonic()
        while self._invited_s and (first := next(iter(self._invited_s.items())))[1] < now_s - INVITED_S:
            del self._invited_s[first[0]]
        if client in self._invited_s or not self._engine.invites(client, short=short):
            return False
        self._invited_s[client] = now_s
        return True

    def check_place(self, client: str) -> None:
        """Refuse before an image is inspected when the window is full; raises Saturated."""
        self._invited_s.pop(client, None)
        if self.is_full and not self._engine.gives_way_to(client):
            self.count_refusal()
            raise self.refusal()

    def refusal(self) -> Saturated:
        """The error returned when the window is full."""
        return Saturated(f"{self._engine.capacity} images are in flight, the limit of this server.", "Try again in a moment.")

    def count_refusal(self) -> None:
        """Record one."""
        self._metrics.rejected(Saturated.code)

    async def classify(self, image: EncodedImage, request_id: str, deadline_s: float, client: str, scores: Scores = "top") -> Prediction:
        """The engine's answer; raises ServiceError. Cancelling this spares the work that has not begun."""
        loop = asyncio.get_running_loop()
        try:
            future = self._engine.submit(InferenceRequest(image, request_id, deadline_s, scores, client))
        except ServiceError as error:
            self._metrics.rejected(error.code)
            raise
        self.under_way += 1
        self.last_s = began_s = monotonic()
        self._metrics.in_flight.set(self.under_way)
        answered = self._handover.expect(loop)
        future.add_done_callback(lambda _: self._handover.give(answered, monotonic() - began_s))
        timer = loop.call_later(deadline_s - monotonic(), settle, answered)
        try:
            await answered
        except asyncio.CancelledError:
            future.cancel()
            self._record("abandoned")
            raise
        finally:
            timer.cancel()
        try:
            prediction = self._outcome(future)
            self.answers, self.answered_s = self.answers + 1, self.answered_s + monotonic() - began_s
            return prediction
        finally:
            del future  # it holds the error that is raised, which holds this frame: a circle, with the image in it

    def _outcome(self, future: concurrent.futures.Future[Prediction]) -> Prediction:
        if not future.done():
            future.cancel()
            self._record(DeadlineExceeded.code)
            raise DeadlineExceeded("The image was not answered within the request's time.", "Ask for more time or try later.")
        try:
            prediction = future.result()
        except ServiceError as error:
            self._record(error.code)
            raise
        except concurrent.futures.CancelledError:
            self._record(EngineUnavailable.code)
            raise EngineUnavailable("The engine closed before the image was answered.", "Try again in a moment.") from None
        except Exception as error:
            self._record(EngineFailed.code)
            raise EngineFailed(f"The engine failed: {error!r}.") from error
        finally:
            del future
        self._record("ok", prediction.engine)
        self._metrics.answered(prediction)
        for stage, elapsed_s in prediction.stages_s.items():
            self._metrics.stage(stage, elapsed_s)
        return prediction

    def _record(self, outcome: str, engine: str = "") -> None:
        """Count an outcome for the engine that answered, or, without an answer, for the present engine."""
        self.under_way -= 1
        self._metrics.in_flight.set(self.under_way)
        self._metrics.image(engine or self._engine.name, outcome)
