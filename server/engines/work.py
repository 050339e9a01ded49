"""One image and its answer: the request, the work, and the bounded window of all works in progress."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from dataclasses import dataclass, replace
from time import monotonic
from weakref import ref

from server.errors import DeadlineExceeded, EngineUnavailable, Saturated, ServiceError
from server.images.preparation import prepared_cost
from server.types import EncodedImage, Prediction, Scores

BASE_COST_S = 0.005
"""What an image costs besides its decoding; only its proportion to the decoding matters, when clients share."""
MAX_REMEMBERED = 1000
"""Clients of which the cost of the last image is known."""
SLOW_S = 0.05
"""Of decoding: a photo of 8 megapixels."""


@dataclass(frozen=True, slots=True)
class InferenceRequest:
    """One image to classify. `deadline_s` uses the clock of `time.monotonic()`."""

    image: EncodedImage
    id: str
    deadline_s: float
    scores: Scores = "top"
    client: str = ""
    """Who asks; clients share the engines."""


class Work:
    """A request, its future, and its history. After the answer or a cancellation the image is freed at once.

    `taken_s` is the time when an engine last took it, `ahead` the number of images that the engine had then. `failures` counts engines
    that failed it, `losses` engines that were lost with it.
    """

    __slots__ = (
        *("_running", "admitted_s", "ahead", "avoid", "client", "cost_s", "decode_s", "decoded_bytes"),
        *("__weakref__", "failures", "future", "is_probe", "leave", "losses", "request", "taken_s"),
    )

    def __init__(self, request: InferenceRequest, *, is_probe: bool = False) -> None:
        self.admitted_s = self.taken_s = monotonic()
        self.ahead = 0
        self.request: InferenceRequest | None = request
        self.client = request.client
        self.decode_s, self.decoded_bytes = prepared_cost(request.image)
        self.cost_s = BASE_COST_S + self.decode_s
        self.future: Future[Prediction] = Future()
        self.is_probe = is_probe
        self.avoid: object = None  # the member that failed it
        self.leave: Callable[[Work], None] = leave_nothing
        self.failures = 0
        self.losses = 0
        self._running = False

    @property
    def is_slow(self) -> bool:
        """Whether it takes so long to decode that only a few like it may be decoded at once."""
        return self.decode_s > SLOW_S

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
            self.answer(DeadlineExceeded("The request timed out before its image was decoded.", "Ask for more time or try later."))
            return None
        return request

    def prepared(self, image: EncodedImage) -> None:
        """The image is checked, and it may be another one with the same picture upright."""
        if request := self.request:
            self.request = replace(request, image=image)
        if self.future.done():  # it was dropped meanwhile
            self.request = None

    def answer(self, outcome: Prediction | ServiceError) -> None:
        """Resolve the work, unless it was answered or cancelled before. Its place is free first, as the client may send another at once."""
        self.leave(self)
        try:
            if isinstance(outcome, ServiceError):
                self.future.set_exception(outcome)
            else:
                self.future.set_result(outcome)
        except InvalidStateError:
            pass


def leave_nothing(_work: Work) -> None:
    """A work that is in no window, as a probe is."""


def keep_all(_work: Work) -> None:
    """Evict nothing."""


class InFlight:
    """Counts works against a capacity and keeps all of them, so that each one is resolved."""

    def __init__(self, capacity: Callable[[], int]) -> None:
        self._capacity = capacity
        self._works: set[Work] = set()
        self._held_s: dict[str, float] = {}  # the costs of what is in flight, by client
        self._last_s: dict[str, float] = {}  # the cost of the last image that a client sent, the latest client last
        self._changed = threading.Condition()
        self._open = False

    @property
    def is_open(self) -> bool:
        """Whether it takes works."""
        return self._open

    @property
    def capacity(self) -> int:
        """The works that it takes now."""
        return self._capacity()

    @property
    def is_full(self) -> bool:
        """Whether all places are taken."""
        return len(self._works) >= self.capacity

    def __len__(self) -> int:
        return len(self._works)

    def open(self) -> None:
        """Begin to take works."""
        self._open = True

    def admit(self, request: InferenceRequest, evict: Callable[[Work], Work | None] = keep_all) -> Work:
        """Take a request; raises Saturated or EngineUnavailable.

        When all places are taken, `evict` is asked for a work that gives its place to this one.
        """
        work = Work(request)
        if len(self._works) == self.capacity and (
            loser := evict(work)
        ):  # one place makes no room where another model's part has shrunk this
            loser.answer(Saturated("All places are taken, and this client holds more of them than others.", "Try again in a moment."))
        with self._changed:
            self._last_s.pop(work.client, None)
            self._last_s[work.client] = work.cost_s
            if len(self._last_s) > MAX_REMEMBERED:
                del self._last_s[next(iter(self._last_s))]
            if not self._open:
                raise EngineUnavailable("The engine is not running.", "Try again when /health/ready says so.")
            if self.is_full:
                raise Saturated(f"{self.capacity} images are in flight, the limit of this server.", "Try again in a moment.")
            self._works.add(work)
            self._held_s[work.client] = self._held_s.get(work.client, 0.0) + work.cost_s
            work.leave = self._leave
        # For those that are cancelled. The future would hold the work, which holds the future: a circle, with an error's frames in it.
        known = ref(work)
        work.future.add_done_callback(lambda _: self._leave(known()))
        return work

    def next_held_s(self, client: str) -> float:
        """What a client would hold with its next image: as if that costs what its last one did, taken or not, or as little as one can."""
        return self.held_s(client) + self._last_s.get(client, BASE_COST_S)

    def held_s(self, client: str) -> float:
        """The costs of all that is in flight for a client."""
        return self._held_s.get(client, 0.0)

    def _leave(self, work: Work | None) -> None:
        if work is None:
            return
        work.request = None
        if work not in self._works:  # most are called twice: before the answer, and by the future when it has it
            return
        with self._changed:
            if work not in self._works:
                return
            self._works.remove(work)
            self._held_s[work.client] -= work.cost_s
            if self._held_s[work.client] < BASE_COST_S / 2:  # what rounding leaves of nothing
                del self._held_s[work.client]
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
