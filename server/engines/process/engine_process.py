"""An engine in a process of its own, which is watched, and started again when it dies or hangs.

What the vendor's code does to its process (a hang, an abort, a failed InitManager that only a new process cures) stays there. The queue is
here: the child holds only what it works on, so what was abandoned or is too late never reaches it. A thread writes, since a child
that is stopped does not read; one reads; one watches.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, replace
from itertools import count
from time import monotonic

from models.model_errors import ClassifyError
from server.engines.base import BatchObserver, EngineHealth, EngineStatus, InferenceRequest, ignore_batch, single_status
from server.engines.liveness import BackOff, Liveness
from server.engines.probe import probe_request
from server.engines.process.child import GOING_S, Child
from server.engines.process.program import Program
from server.engines.process.protocol import BATCH, RESULT, BadMessage, Message
from server.engines.work import InFlight, Work
from server.errors import EngineLost, EngineUnavailable
from server.types import Prediction, ScoreType

logger = logging.getLogger(__name__)

ENDED = "it ended."
TICK_S = 0.05
CLOSE_S = 15.0  # what a child may take to end after the drain, a little more than the driver gives its streams


@dataclass(frozen=True)
class Supervision:
    """How an engine process is watched. A child is killed if it is not ready in `start_s`, or gives no result for `stall_s`.

    After `idle_s` without work it is sent a picture; it is started again after `back_off_s`, and twice as long each time.
    """

    start_s: float = 120.0
    stall_s: float = 10.0
    idle_s: float = 10.0
    back_off_s: float = 0.5


class EngineProcess:
    """Runs a program in a child, and is an engine."""

    def __init__(
        self,
        name: str,
        program: Program,
        capacity: int,
        *,
        supervision: Supervision | None = None,
        on_answer: Callable[[], None] = lambda: None,
        on_restart: Callable[[], None] = lambda: None,
    ) -> None:
        self.name = name
        self.capacity = capacity
        self.restarts = 0
        self._program = program
        self._supervision = supervision or Supervision()
        self.on_batch: BatchObserver = ignore_batch
        self._on_answer = on_answer
        self._on_restart = on_restart
        self._in_flight = InFlight(capacity)
        self._queue: deque[Work] = deque()
        self._sent: dict[int, tuple[Work, float]] = {}  # with the seconds it was queued
        self._numbers = count()
        self._changed = threading.Condition()  # guards all of this
        self._liveness = Liveness(self._supervision.stall_s)
        self._child: Child | None = None
        self._trouble = "not running"
        self._closing = False
        self._threads: list[threading.Thread] = []
        self._supervisor: threading.Thread | None = None

    @property
    def score_type(self) -> ScoreType:
        """What the scores are."""
        return self._program.score_type

    @property
    def pid(self) -> int | None:
        """The child, while there is one."""
        child = self._child
        return child.pid if child else None

    def start(self) -> None:
        """Start a child and its watch; raises EngineUnavailable or ModelError."""
        self._closing = False
        try:
            self._begin()
        except BaseException:
            self._program.close()
            raise
        self._in_flight.open()
        self._supervisor = threading.Thread(target=self._supervise, name=f"{self.name}-supervisor", daemon=True)
        self._supervisor.start()

    def _begin(self) -> None:
        child = Child(self.name, self._program.launch(), self._supervision.start_s)
        with self._changed:
            self._child, self._trouble = child, ""
            self._liveness.moved()
        self._threads = [
            threading.Thread(target=work, args=(child,), name=f"{self.name}-{work.__name__[1:]}", daemon=True)
            for work in (self._write, self._read)
        ]
        for thread in self._threads:
            thread.start()
        logger.info("engine %s runs in process %d", self.name, child.pid)

    def submit(self, request: InferenceRequest) -> Future[Prediction]:
        """Queue an image for the child."""
        with self._changed:
            if self._trouble:
                raise EngineUnavailable(f"The engine process of {self.name} is down: {self._trouble}", "Try again in a moment.")
            work = self._in_flight.admit(request)
            self._queue.append(work)
            self._changed.notify_all()
        return work.future

    def health(self) -> EngineHealth:
        """Well while the child answers."""
        trouble = self._trouble or ("" if self._in_flight.is_open else "not running")
        return EngineHealth(not trouble, trouble)

    def statuses(self) -> tuple[EngineStatus, ...]:
        """Its own."""
        return single_status(self, self.pid, self.restarts)

    def _write(self, child: Child) -> None:
        while taken := self._take(child):
            number, request = taken
            try:
                child.send(number, self._program.meta(request), request.image.data)
            except OSError as error:
                self._lose(child, f"it cannot be written to: {error}.")
                return

    def _take(self, child: Child) -> tuple[int, InferenceRequest] | None:
        """The next image that somebody still wants, once the child has a place; None when the child is over."""
        with self._changed:
            while True:
                self._changed.wait_for(lambda: self._trouble or (self._queue and len(self._sent) < child.places))
                if self._trouble:
                    return None
                work = self._queue.popleft()
                if request := work.begin(monotonic()):
                    number = next(self._numbers)
                    if not self._sent:
                        self._liveness.moved()
                    self._sent[number] = work, monotonic() - work.admitted_s
                    return number, request

    def _read(self, child: Child) -> None:
        reason = ENDED
        try:
            while frame := child.receive():
                self._answer(frame)
        except (BadMessage, LookupError, TypeError, ValueError, AttributeError) as error:
            reason = f"what it says makes no sense: {error!r}."
        except OSError:
            pass  # reset: it ended with images unread
        self._lose(child, reason)

    def _answer(self, frame: Message) -> None:
        if frame.kind == BATCH:
            self.on_batch(int(frame.meta["images"]), int(frame.meta["padding"]))
            return
        if frame.kind != RESULT:
            raise BadMessage(f"A frame of kind {frame.kind} was not expected.")
        outcome = self._program.read(frame.meta, frame.body)
        with self._changed:
            work, queued_s = self._sent.pop(frame.number)
            self._liveness.moved()
            self._changed.notify_all()
        if isinstance(outcome, Prediction):
            stages_s = {**outcome.stages_s, "queue": outcome.stages_s.get("queue", 0.0) + queued_s}
            outcome = replace(outcome, engine=self.name, stages_s=stages_s)
            self._on_answer()
        work.answer(outcome)

    def _lose(self, child: Child, reason: str) -> None:
        with self._changed:
            if self._child is child and not self._trouble:
                self._trouble = reason
                self._changed.notify_all()

    def _supervise(self) -> None:
        back_off = BackOff(self._supervision.back_off_s)
        while not self._closing:
            with self._changed:
                self._changed.wait_for(lambda: self._closing or self._trouble, TICK_S)
            if self._closing:
                return
            if child := self._child:
                self._watch(child)
            if self._trouble:
                self._end_child()
                with self._changed:
                    self._changed.wait_for(lambda: self._closing, back_off.failed())
                self._restart()

    def _watch(self, child: Child) -> None:
        if self._liveness.stalled(len(self._sent)):
            self._lose(child, f"it gave no result for {self._supervision.stall_s:g} s.")
        elif not self._sent and self._liveness.still_s > self._supervision.idle_s:
            work = Work(probe_request(self._supervision.stall_s))
            work.future.add_done_callback(lambda done: self._probed(child, done))
            with self._changed:
                self._liveness.moved()
                self._queue.appendleft(work)
                self._changed.notify_all()

    def _probed(self, child: Child, done: Future[Prediction]) -> None:
        if not done.cancelled() and (error := done.exception()):
            self._lose(child, f"it fails the probe: {error}")

    def _end_child(self) -> None:
        """Fail what the child had, which may then be tried elsewhere, and kill what is left of it."""
        self._fail_all(f"The engine process of {self.name} was lost: {self._trouble}")
        child, self._child = self._child, None
        if child:
            child.kill(GOING_S if self._trouble == ENDED else 0.0)
            for thread in self._threads:
                thread.join()
            ended = child.reap()
            logger.error("engine process %d of %s is lost (%s): %s %s", child.pid, self.name, ended, self._trouble, child.last_words())

    def _fail_all(self, reason: str) -> None:
        with self._changed:
            lost, waiting = [work for work, _ in self._sent.values()], list(self._queue)
            self._sent.clear()
            self._queue.clear()
        for work in lost:
            work.answer(EngineLost(reason, "Try again in a moment."))
        for work in waiting:
            work.answer(EngineUnavailable(reason, "Try again in a moment."))

    def _restart(self) -> None:
        if self._closing:
            return
        self.restarts += 1
        self._on_restart()
        try:
            self._begin()
        except ClassifyError as error:
            self._trouble = str(error)
            logger.error("engine %s cannot be started again: %s", self.name, error)  # noqa: TRY400 - the words say it all

    def close(self, drain_s: float) -> None:
        """Answer what was taken for at most `drain_s`, fail the rest, end the child."""
        self._in_flight.close(drain_s, EngineUnavailable("The engine is closing."))
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        if self._supervisor:
            self._supervisor.join()
            self._supervisor = None
        child, self._child = self._child, None
        with self._changed:
            self._trouble = "not running"
            self._changed.notify_all()
        if child:
            child.end(CLOSE_S)
            child.kill()
            for thread in self._threads:
                thread.join()
            child.reap()
        self._sent.clear()
        self._queue.clear()
        self._program.close()
