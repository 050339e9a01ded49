"""One image and its answer: the request, the work, and the bounded window of all works in progress."""

import threading
from concurrent.futures import Future, InvalidStateError
from dataclasses import dataclass
from time import monotonic

from server.errors import DeadlineExceeded, EngineUnavailable, Saturated, ServiceError
from server.types import EncodedImage, Prediction, Scores


@dataclass(frozen=True, slots=True)
class InferenceRequest:
    """One image to classify. `deadline_s` uses the clock of `time.monotonic()`."""

    image: EncodedImage
    id: str
    deadline_s: float
    scores: Scores = "top"


class Work:
    """A request, its future, and its history. After the answer or a cancellation the image is freed at once.

    `taken_s` is the time when an engine last took it, `failures` counts engines that failed it, `losses` engines that were lost with it.
    """

    __slots__ = ("_running", "admitted_s", "avoid", "failures", "future", "is_probe", "losses", "request", "taken_s")

    def __init__(self, request: InferenceRequest, *, is_probe: bool = False) -> None:
        self.admitted_s = self.taken_s = monotonic()
        self.request: InferenceRequest | None = request
        self.future: Future[Prediction] = Future()
        self.is_probe = is_probe
        self.avoid: object = None  # the member that failed it
        self.failures = 0
        self.losses = 0
        self._running = False

    @property
    def queued_s(self) -> float:
        """The time from its arrival until an engine took it."""
        return self.taken_s - self.admitted_s

    def overdue(self, now_s: float) -> bool:
        """Whether its time has ended, or it was cancelled."""
        return self.request is None or now_s >= self.request.deadline_s

    def begin(self, now_s: float) -> InferenceRequest | None:
        """Claim the work before any cost arises; returns None if it was cancelled or its time has ended."""
        request = self.request
        if request is None or not (self._running or self.future.set_running_or_notify_cancel()):
            return None
        self._running = True
        if now_s >= request.deadline_s:
            self.answer(DeadlineExceeded("The request timed out before its image was decoded."))
            return None
        return request

    def answer(self, outcome: Prediction | ServiceError) -> None:
        """Resolve the work, unless it was answered or cancelled before."""
        try:
            if isinstance(outcome, ServiceError):
                self.future.set_exception(outcome)
            else:
                self.future.set_result(outcome)
        except InvalidStateError:
            pass


class InFlight:
    """Counts works against a capacity and keeps all of them, so that each one is resolved."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self._works: set[Work] = set()
        self._changed = threading.Condition()
        self._open = False

    @property
    def is_open(self) -> bool:
        """Whether it takes works."""
        return self._open

    def __len__(self) -> int:
        return len(self._works)

    def open(self) -> None:
        """Begin to take works."""
        self._open = True

    def admit(self, request: InferenceRequest) -> Work:
        """Take a request; raises Saturated or EngineUnavailable."""
        work = Work(request)
        with self._changed:
            if not self._open:
                raise EngineUnavailable("The engine is not running.", "Try again when /health/ready says so.")
            if len(self._works) >= self.capacity:
                raise Saturated(f"{self.capacity} images are in flight, the limit of this server.", "Try again in a moment.")
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
        """Take no more works; wait at most `drain_s` for those in progress, then fail the rest."""
        deadline_s = monotonic() + drain_s
        with self._changed:
            self._open = False
            self._changed.wait_for(lambda: not self._works, max(0.0, deadline_s - monotonic()))
            left = list(self._works)
        for work in left:
            if not work.future.cancel():
                work.answer(error)
