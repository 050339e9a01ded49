"""Several engines as one. Which of them is asked is what a pool and a chain differ in.

A request that an engine failed (not the image's fault) is tried once more in another one. One whose engine was lost under it is tried
again at once; after the second time one at a time, since it may be what kills them; the third time it is answered so. An engine that fails
three requests in a row, is lost, gives no result for too long or says that it is not well is not asked until a probe in the background
is answered.
"""

import logging
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from time import monotonic

from server.engines.base import BatchObserver, EngineHealth, EngineStatus, InferenceRequest, ignore_batch
from server.engines.fleet.member import Attempt, Member, is_fault
from server.engines.fleet.quarantine import Quarantine, Quarantined
from server.engines.work import InFlight, Work
from server.errors import EngineFailed, EngineLost, EngineUnavailable, ServiceError
from server.types import Prediction, ScoreType

logger = logging.getLogger(__name__)

TICK_S = 0.05
SOON_S = 10.0  # after the last engine was lost: it is likely to be back before a request's time is over
FAILURES = 2  # of a request, until it is answered so
LOSSES = 3
SUSPICIOUS = 2  # losses
MOVES = 4  # from queue to queue of engines that were lost, until it waits


class Dispatcher(ABC):
    """`members` in the order in which they are named; with `hold` a request waits for an engine to come back when there is none.

    A dispatcher among the members of another leaves lost requests to that one, lest both try them again.
    """

    def __init__(self, members: Sequence[Member], capacity: int, *, hold: bool) -> None:
        self.members = tuple(members)
        self.capacity = capacity
        self.on_batch: BatchObserver = ignore_batch
        self.inner = False
        self._hold = hold
        self._in_flight = InFlight(capacity)
        self._lock = threading.Lock()  # of the members' attempts, of their being up or down, and of what is held
        self._held: list[Work] = []  # until an engine comes back
        self._quarantine = Quarantine()
        self._none_s = float("-inf")  # since when there is no engine, if there is none
        self._closing = threading.Event()
        self._watcher: threading.Thread | None = None
        for member in self.members:
            if isinstance(member.engine, Dispatcher):
                member.engine.inner = True

    @abstractmethod
    def order(self) -> Iterable[Member]:
        """The members, the first to be asked first."""

    def changed(self, reason: str) -> None:  # noqa: B027 - for those who override it
        """A member went up or down."""

    @property
    def name(self) -> str:
        """The engine that answers."""
        return self.members[0].engine.name

    @property
    def score_type(self) -> ScoreType:
        """What the scores are."""
        return self.members[0].engine.score_type

    def start(self) -> None:
        """Start every engine, all at once; raises EngineUnavailable or ModelError if one cannot."""
        try:
            with ThreadPoolExecutor(len(self.members)) as starting:
                list(starting.map(self._start_member, self.members))
        except BaseException:
            self._close_engines()
            raise
        self._closing.clear()
        self._watcher = threading.Thread(target=self._watch, name=f"{self.name}-watcher", daemon=True)
        self._watcher.start()
        self._in_flight.open()

    def _start_member(self, member: Member) -> None:
        member.engine.on_batch = self.on_batch
        member.engine.start()
        member.raise_up()

    def submit(self, request: InferenceRequest) -> Future[Prediction]:
        """Hand an image to the first engine that takes it; raises EngineUnavailable when there has been none for SOON_S."""
        work = self._in_flight.admit(request)
        try:
            self._send(work, request)
        except EngineUnavailable:
            if not self._hold or monotonic() > self._none_s + SOON_S:
                work.future.cancel()
                raise
            self._hold_back(work)
        except ServiceError:
            work.future.cancel()
            raise
        return work.future

    def _send(self, work: Work, request: InferenceRequest, but: Member | None = None, *, alone: bool = False) -> None:
        """Raises EngineUnavailable if no other member takes it, Saturated."""
        while member := next((member for member in self.order() if not member.down and member is not but), None):
            attempt = Attempt(work, member, alone=alone)
            with self._lock:
                if member.down:
                    continue
                member.began(attempt)
            try:
                inner = attempt.inner = member.engine.submit(request)
            except ServiceError as error:
                with self._lock:
                    member.ended(attempt)
                if not isinstance(error, EngineUnavailable):
                    raise
                self._put_down(member, "unavailable", str(error))
                continue
            inner.add_done_callback(partial(self._done, attempt))
            work.future.add_done_callback(partial(_cancel_with, inner))
            return
        raise EngineUnavailable("No engine can answer now.", "Try again in a moment.")

    def _done(self, attempt: Attempt, inner: Future[Prediction]) -> None:
        member, error = attempt.member, _error(inner)
        with self._lock:
            known = member.ended(attempt)
        if error is None:
            attempt.work.answer(inner.result())  # a late one too, if it is the first
        if not known:
            return
        if not attempt.work.future.cancelled():
            self._judge(attempt, error)
        self._over(attempt)

    def _judge(self, attempt: Attempt, error: ServiceError | None) -> None:
        """What an answer says of its engine, and what becomes of the request."""
        member = attempt.member
        if isinstance(error, EngineUnavailable) and not member.engine.health().ok:
            self._put_down(member, "unavailable", str(error))
        elif not isinstance(error, EngineLost) and member.failed_too_often(error):  # of a pool, one chip may be lost
            self._put_down(member, "unavailable" if isinstance(error, EngineUnavailable) else "failed", str(error))
        if error is None:
            return
        if is_fault(error):
            self._again(attempt, error)
        else:
            attempt.work.answer(error)

    def _again(self, attempt: Attempt, error: ServiceError) -> None:
        """Try a request again, if it may be and there is time."""
        work, request = attempt.work, attempt.work.request
        if request is None:
            return
        if isinstance(error, EngineLost):
            work.losses += 1
        elif isinstance(error, EngineUnavailable):
            work.moves += 1
        else:
            work.failures += 1
        if work.failures >= FAILURES or work.losses >= (1 if self.inner else LOSSES) or work.overdue(monotonic()):
            work.answer(error)
        elif work.losses >= SUSPICIOUS:
            self._quarantine.add(Quarantined(work, request, error))
            self._try_next()
        else:
            self._send_again(work, request, attempt.member, error)

    def _send_again(self, work: Work, request: InferenceRequest, member: Member, error: ServiceError) -> None:
        if work.moves < MOVES:
            try:
                self._send(work, request, None if isinstance(error, EngineLost) else member)
            except ServiceError:
                pass
            else:
                logger.warning("request %s is tried again: engine %s failed it: %s", request.id, member.engine.name, error)
                return
        if self._hold and isinstance(error, EngineUnavailable):
            self._hold_back(work)
        else:
            work.answer(error)

    def _hold_back(self, work: Work) -> None:
        with self._lock:
            self._held.append(work)

    def _try_next(self) -> None:
        """Try the next suspect, unless one is being tried."""
        if not (suspect := self._quarantine.begin()):
            return
        work, request, error = suspect
        try:
            self._send(work, request, alone=True)
            logger.warning("request %s is tried again, alone: %s", request.id, error)
        except ServiceError:
            self._quarantine.end(again=suspect)

    def _over(self, attempt: Attempt) -> None:
        if attempt.alone:
            self._quarantine.end()
            self._try_next()

    def _put_down(self, member: Member, reason: str, why: str) -> None:
        with self._lock:
            if not member.put_down(why):
                return
            if all(member.down for member in self.members):
                self._none_s = monotonic()
        logger.error("engine %s (device %s) is asked no more: %s", member.engine.name, member.device, why)
        self.changed(reason)

    def _watch(self) -> None:
        while not self._closing.wait(TICK_S):
            for member in self.members:
                if why := member.stalled:
                    self._give_up(member, why)
                elif member.down:
                    if member.recovered():
                        self._raise_up(member)
                elif not (health := member.engine.health()).ok:
                    self._put_down(member, "unavailable", health.reason)
            if self._held or self._quarantine:
                self._resume()

    def _give_up(self, member: Member, why: str) -> None:
        """Ask a member no more, and try elsewhere what is under way in it."""
        self._put_down(member, "stalled", why)
        with self._lock:
            attempts = list(member.attempts)
            member.attempts.clear()
        for attempt in attempts:
            self._again(attempt, EngineLost(f"Engine {member.engine.name} is not well: {why}"))
            if attempt.inner:
                attempt.inner.cancel()
            self._over(attempt)

    def _raise_up(self, member: Member) -> None:
        with self._lock:
            member.raise_up()
        logger.info("engine %s (device %s) answers again", member.engine.name, member.device)
        self.changed("recovered")

    def _resume(self) -> None:
        """Fail what has waited too long for an engine, and send the rest if there is one."""
        now_s = monotonic()
        with self._lock:
            waiting, self._held = self._held, []
        overdue = [work for work in waiting if work.overdue(now_s)]
        for work in overdue + self._quarantine.take_overdue(now_s):
            work.answer(EngineUnavailable("The engine was lost, and none came back in time.", "Try again in a moment."))
        for work in waiting:
            if request := work.request:
                try:
                    self._send(work, request)
                except ServiceError:
                    self._hold_back(work)
        self._try_next()

    def health(self) -> EngineHealth:
        """Well while one of them is."""
        if not self._in_flight.is_open:
            return EngineHealth(ok=False, reason="not running")
        ok = any(not member.down for member in self.members)
        return EngineHealth(ok, "" if ok else "; ".join(f"{member.engine.name}: {member.down}" for member in self.members))

    def statuses(self) -> list[EngineStatus]:
        """Those of its members; of several only those that are asked can answer."""
        asked = {id(member) for member in self.asked()}
        found = []
        for member in self.members:
            for status in member.engine.statuses():
                up = status.up and not member.down
                device = status.device if len(member.engine.statuses()) > 1 else member.device
                answers = status.answers and up and id(member) in asked
                found.append(replace(status, up=up, answers=answers, reason=status.reason or member.down, device=device))
        return found

    def asked(self) -> Sequence[Member]:
        """The members that are asked now; of a pool all that are up."""
        return [member for member in self.members if not member.down]

    def close(self, drain_s: float) -> None:
        """Answer what was taken for at most `drain_s`, fail the rest, close every engine."""
        self._in_flight.close(drain_s, EngineUnavailable("The engine is closing."))
        self._closing.set()
        if self._watcher:
            self._watcher.join()
            self._watcher = None
        self._close_engines()
        self._held.clear()
        self._quarantine.clear()

    def _close_engines(self) -> None:
        for member in self.members:
            member.put_down("not running")
        with ThreadPoolExecutor(len(self.members)) as closing:
            list(closing.map(lambda member: member.engine.close(0), self.members))


def _cancel_with(inner: Future[Prediction], outer: Future[Prediction]) -> None:
    if outer.cancelled():
        inner.cancel()


def _error(inner: Future[Prediction]) -> ServiceError | None:
    """Why a request was not answered."""
    try:
        error = inner.exception()
    except CancelledError:
        return EngineUnavailable("The engine closed before the image was answered.", "Try again in a moment.")
    return error if error is None or isinstance(error, ServiceError) else EngineFailed(f"The engine failed: {error!r}.")
