"""The bounded window of an engine, and one piece of work in it."""

import threading
from concurrent.futures import Future, InvalidStateError
from time import monotonic

from server.engines.base import InferenceRequest
from server.errors import DeadlineExceeded, EngineUnavailable, Saturated, ServiceError
from server.types import Prediction


class Work:
    """A request on its way. Dropping it (cancelled, failed, answered) frees the image at once, wherever it is queued."""

    __slots__ = ("admitted_s", "failures", "future", "losses", "moves", "request")

    def __init__(self, request: InferenceRequest) -> None:
        self.admitted_s = monotonic()
        self.request: InferenceRequest | None = request
        self.future: Future[Prediction] = Future()
        self.failures = 0  # engines that failed it
        self.losses = 0  # engines that were lost with it
        self.moves = 0  # engines that had no time for it

    def overdue(self, now_s: float) -> bool:
        """Whether its time is over, or nobody wants it any more."""
        return self.request is None or now_s >= self.request.deadline_s

    def begin(self, now_s: float) -> InferenceRequest | None:
        """Claim the work before it costs anything: None if it was abandoned or its time is over."""
        request = self.request
        if request is None or not self.future.set_running_or_notify_cancel():
            return None
        if now_s >= request.deadline_s:
            self.future.set_exception(DeadlineExceeded("The request's time was over before its image was decoded."))
            return None
        return request

    def answer(self, outcome: Prediction | ServiceError) -> None:
        """Resolve the work, unless `InFlight.close` has done so already."""
        try:
            if isinstance(outcome, ServiceError):
                self.future.set_exception(outcome)
            else:
                self.future.set_result(outcome)
        except InvalidStateError:
            pass


class InFlight:
    """Counts the work of an engine against its capacity, and knows all of it, so that none is left unresolved."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self._works: set[Work] = set()
        self._changed = threading.Condition()
        self._open = False

    @property
    def is_open(self) -> bool:
        """Whether work is taken."""
        return self._open

    def __len__(self) -> int:
        return len(self._works)

    def open(self) -> None:
        """Begin to take work."""
        self._open = True

    def admit(self, request: InferenceRequest) -> Work:
        """Take a request; raises Saturated or EngineUnavailable."""
        work = Work(request)
        with self._changed:
            if not self._open:
                raise EngineUnavailable("The engine is not running.", "Try again when /health/ready says so.")
            if len(self._works) >= self.capacity:
                raise Saturated(f"{self.capacity} images are in flight, which is all this server takes.", "Try again in a moment.")
            self._works.add(work)
        work.future.add_done_callback(lambda _: self._leave(work))
        return work

    def _leave(self, work: Work) -> None:
        work.request = None
        with self._changed:
            self._works.discard(work)
            if not self._works:
                self._changed.notify_all()

    def close(self, drain_s: float, error: ServiceError) -> None:
        """Take no more; wait for what is in flight at most `drain_s`, then fail what is left."""
        deadline_s = monotonic() + drain_s
        with self._changed:
            self._open = False
            self._changed.wait_for(lambda: not self._works, max(0.0, deadline_s - monotonic()))
            left = list(self._works)
        for work in left:
            if not work.future.cancel():
                work.answer(error)
