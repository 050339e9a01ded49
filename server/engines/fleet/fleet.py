"""Several engines as one: tiers of members, one window, one queue, and for each request one work and one future.

A request waits here until a member has room: a cancelled or late one costs nothing. `next_try` decides about one that was not answered.
A member goes down if it is lost, stalls or reports a fault; or if it fails three requests in a row and a probe. A probe's answer raises it.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from time import monotonic
from typing import Self

from server.engines.base import BatchObserver, Engine, EngineHealth, EngineStatus, ignore_batch, ignore_switch
from server.engines.fleet.crew import Crew
from server.engines.fleet.member import PREPARING_THREADS, Member, Tier, Watch, is_up
from server.engines.fleet.model_shares import ModelShare, ModelShares
from server.engines.fleet.quarantine import Quarantine
from server.engines.fleet.retries import Retry, is_fault, next_try
from server.engines.fleet.waiting_line import DecodeRoom, WaitingLine
from server.engines.resize_bound import ResizeBound
from server.engines.work import InferenceRequest, InFlight, Work
from server.errors import DeadlineExceeded, EngineLost, EngineUnavailable, ServiceError, StreamFull
from server.types import Prediction, ScoreType

logger = logging.getLogger(__name__)

NONE, TICK_S, IDLE_TICK_S = "none", 0.05, 0.5
SOON_S = 10.0  # after the loss of the last engine: it is likely to return before the request's time ends


class Fleet:
    """Answers images with the first tier that has a member that is up; the tiers after it are in reserve.

    `on_switch(from, to, reason)` is called when another kind of engine answers; a name may be "none". `capacity` may be a part of a window.
    """

    def __init__(
        self,
        tiers: Sequence[Tier],
        capacity: int | ModelShare,
        on_switch: Callable[[str, str, str], None] = ignore_switch,
        room: DecodeRoom | None = None,
        bound: ResizeBound | None = None,
    ) -> None:
        self._crew = Crew(tiers)
        self.tiers, self.members = self._crew.tiers, self._crew.members
        self.share = capacity if isinstance(capacity, ModelShare) else ModelShares(capacity).of("")
        self.on_batch: BatchObserver = ignore_batch
        self._on_switch = on_switch
        self.in_flight = InFlight(lambda: self.share.window)
        self._bound = bound or ResizeBound()
        self._lock = threading.Lock()  # of the queue, and of what is under way in every member
        self.waiting, self._quarantine = WaitingLine(room, self.share), Quarantine()  # no engine has taken yet what waits
        self._answers = self.members[0].engine.name
        self._none_s = float("-inf")  # the time since there is no engine
        self._closing = threading.Event()
        self._watcher: threading.Thread | None = None
        self._preparing: ThreadPoolExecutor | None = None

    @classmethod
    def of(cls, engine: Engine, capacity: int = 64, watch: Watch | None = None) -> Self:
        """A fleet of a single engine on a single chip."""
        return cls([[Member(engine, watch=watch)]], capacity)

    @property
    def capacity(self) -> int:
        """The images that may be in flight now."""
        return self.share.window

    @property
    def name(self) -> str:
        """The engine that answers; the first one if none does."""
        return self.members[0].engine.name if self._answers is NONE else self._answers

    @property
    def names(self) -> tuple[str, ...]:
        """The engines by name, in the order in which they are asked."""
        return self._crew.names

    @property
    def score_type(self) -> ScoreType:
        """The kind of the scores."""
        return self.members[0].engine.score_type

    def start(self) -> None:
        """Start every engine, all at once; raises EngineUnavailable or ModelError if one cannot, or if their scores differ in kind."""
        self._preparing = ThreadPoolExecutor(PREPARING_THREADS, "preparing")  # it starts threads when there is work for them
        self._crew.start(self._answered, self.on_batch, self._preparing)
        self._answers = self.members[0].engine.name
        self._watcher = threading.Thread(target=self._watch, name=f"{self.name}-watcher", daemon=True)
        self._watcher.start()
        self.share.join(self.in_flight, self.members)
        self.in_flight.open()

    def submit(self, request: InferenceRequest) -> Future[Prediction]:
        """Take an image; raises Saturated if `capacity` images are in flight, EngineUnavailable if no engine was up for SOON_S.

        Raises ImageTooLarge if the recipe's resize would make it too large. Thread-safe, and never waits. The future ends with a
        Prediction or with a ServiceError. A future that is cancelled before its image is decoded saves the work.
        """
        work = self.in_flight.admit(self._bound.priced(self._crew.priced(request)), self._evict)
        if self._answers is NONE and monotonic() > self._none_s + SOON_S:
            work.future.cancel()
            raise EngineUnavailable("No engine can answer now.", "Try again in a moment.")
        with self._lock:
            self.waiting.append(work)
        self._dispatch()
        return work.future

    def _evict(self, work: Work) -> Work | None:
        with self._lock:
            return self.waiting.take_loser(self.in_flight.held_s, self.in_flight.held_s(work.client) + work.cost_s)

    def gives_way_to(self, client: str) -> bool:
        """Whether in a full window an image would give way to the next one of this client."""
        with self._lock:
            return self.waiting.loser(self.in_flight.held_s, self.in_flight.next_held_s(client)) is not None

    def invites(self, client: str, *, short: bool) -> bool:
        """The same; but a yes is seldom, since every yes brings a body, `short` or not."""
        with self._lock:
            return self.waiting.invites(self.in_flight.held_s, self.in_flight.next_held_s(client), short=short)

    def _dispatch(self) -> None:
        """Hand waiting works to members, as long as there is room."""
        while self.waiting:
            with self._lock:
                found = self.waiting.next(self.tiers)
            if found is None:
                return
            work, member = found
            if member is None:
                work.answer(DeadlineExceeded("The request would time out before its answer.", "Ask for more time or try later."))
                continue
            try:
                member.take(work)
            except EngineUnavailable as error:
                self._put_down(member, "unavailable", str(error))
                with self._lock:
                    member.ended(work)
                    self.waiting.put_first(work)

    def _answered(self, member: Member, work: Work, outcome: Prediction | ServiceError | None) -> None:
        with self._lock:
            known = member.ended(work)
            if known and isinstance(outcome, Prediction):
                member.answered(work)
        if work.is_probe:
            self._probed(member, work, outcome, known=known)
            return
        if isinstance(outcome, Prediction):
            work.answer(outcome)  # also a late answer, if it is the first
        elif known and outcome is not None:
            self._judge(member, outcome, work)
            self._retry(member, work, outcome)
        if self._quarantine:
            self._try_next()
        self._dispatch()

    def _probed(self, member: Member, work: Work, outcome: Prediction | ServiceError | None, *, known: bool) -> None:
        """Handle the answer to a probe: `recovered` uses that of a down member; one that is up and fails its probe goes down."""
        work.answer(outcome or EngineUnavailable("The probe was not answered."))
        if known and isinstance(outcome, ServiceError) and not isinstance(outcome, StreamFull):
            end = self._put_down if member.in_doubt else self._give_up  # one in doubt may still answer what is under way
            end(member, "failed", f"it fails the probe: {outcome}")
        self._dispatch()

    def _judge(self, member: Member, error: ServiceError, work: Work) -> None:
        """Decide what an error means for its engine."""
        if isinstance(error, StreamFull):
            member.rest()
            return
        member.takes()
        if isinstance(error, EngineUnavailable) and not member.engine.health().ok:
            self._put_down(member, "unavailable", str(error))
        elif is_fault(error):
            with self._lock:
                too_often = member.failed(work)
            if too_often and isinstance(error, EngineUnavailable):
                self._put_down(member, "unavailable", str(error))

    def _retry(self, member: Member, work: Work, error: ServiceError) -> None:
        """Try a request again, if the rules allow it and there is time."""
        request = work.request
        if request is None:
            return
        retry = next_try(work, error)
        nowhere = retry is Retry.ELSEWHERE and not is_up(self.tiers)
        if retry is Retry.ANSWER or nowhere or work.overdue(monotonic()):
            work.answer(error)
            return
        if not isinstance(error, StreamFull):
            logger.warning("request %s is tried again, because engine %s failed: %s", request.id, member.engine.name, error)
        if retry is Retry.ALONE:
            self._quarantine.add(work)
            self._try_next()
            return
        work.avoid = member if retry is Retry.ELSEWHERE else None
        with self._lock:
            self.waiting.put_first(work)

    def _try_next(self) -> None:
        """Try the next suspect, unless another one is being tried."""
        if work := self._quarantine.begin():
            with self._lock:
                self.waiting.put_first(work)

    def _put_down(self, member: Member, reason: str, why: str) -> None:
        with self._lock:
            if not member.put_down(why):
                return
        logger.error("engine %s (device %s) gets no more requests: %s", member.engine.name, member.device, why)
        self._changed(reason)

    def _changed(self, reason: str) -> None:
        """Report a switch if another engine answers from now on."""
        with self._lock:
            before, self._answers = self._answers, next((member.engine.name for member in self.members if not member.down), NONE)
            after = self._answers
            if after is NONE and before is not NONE:
                self._none_s = monotonic()
        if before != after:
            logger.warning("engine %s answers instead of %s (%s)", after, before, reason)
            self._on_switch(before, after, reason)

    def _watch(self) -> None:
        busy = True
        while not self._closing.wait(TICK_S if busy else IDLE_TICK_S):
            try:
                for member in self.members:
                    self._look_after(member)
                self._end_overdue()
                self._try_next()
                self._dispatch()
            except Exception:  # without its watch a fleet would wait for ever for an engine that hangs
                logger.exception("the watch of the engines failed; it goes on")
            busy = bool(self.waiting or self._quarantine) or any(member.down or member.under_way for member in self.members)

    def _look_after(self, member: Member) -> None:
        if why := member.stalled:
            self._give_up(member, "stalled", why)
        elif member.down:
            if member.recovered():
                with self._lock:
                    member.raise_up()
                logger.info("engine %s (device %s) answers again", member.engine.name, member.device)
                self._changed("recovered")
        elif not (health := member.engine.health()).ok:
            self._put_down(member, "unavailable", health.reason)
        elif member.wants_probe:
            work = member.probe()
            with self._lock:
                member.began(work)
            try:
                member.take(work)
            except EngineUnavailable as error:
                with self._lock:
                    member.ended(work)
                self._put_down(member, "unavailable", str(error))

    def _give_up(self, member: Member, reason: str, why: str) -> None:
        """Send a member no more requests, and try its works elsewhere."""
        self._put_down(member, reason, why)
        with self._lock:
            works = member.forget()
        member.engine.give_up(why)
        for work in works:
            self._retry(member, work, EngineLost(f"Engine {member.engine.name} is not well: {why}", "Try again in a moment."))
        self._dispatch()

    def _end_overdue(self) -> None:
        """Fail the works whose time has ended."""
        with self._lock:
            overdue = self.waiting.take_overdue(now_s := monotonic())
        for work in overdue + self._quarantine.overdue(now_s):
            words = "The engine was lost, and no engine returned in time.", "Try again in a moment."
            late = DeadlineExceeded("The request timed out before its image was decoded.", "Ask for more time or try later.")
            work.answer(EngineLost(*words) if work.losses else EngineUnavailable(*words) if self._answers is NONE else late)

    def health(self) -> EngineHealth:
        """Healthy while one of the engines is."""
        return self._crew.health() if self.in_flight.is_open else EngineHealth(ok=False, reason="not running")

    def statuses(self) -> list[EngineStatus]:
        """One for every engine on every chip, in the order in which they are asked."""
        return self._crew.statuses()

    def close(self, drain_s: float) -> None:
        """Answer the accepted images for at most `drain_s` seconds, fail the rest, release everything."""
        self.in_flight.close(drain_s, EngineUnavailable("The engine is closing."))
        self.share.leave(self.in_flight)
        self._closing.set()
        if self._watcher:
            self._watcher.join()
        self._crew.close()
        if self._preparing:
            self._preparing.shutdown(cancel_futures=True)
        self.waiting.clear()
        self._quarantine.clear()
