"""An engine in a process of its own, which is started again when it dies or hangs.

What the vendor's code does to its process (a hang, an abort, a failed InitManager that only a new process cures) stays there. A thread
writes, since a child that is stopped does not read; one reads; one starts the child again. That it hangs the fleet finds out.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from queue import SimpleQueue
from time import monotonic

from models.model_errors import ClassifyError
from server.engines.base import AnswerObserver, BatchObserver, EngineHealth, ignore_answer, ignore_batch
from server.engines.liveness import BackOff
from server.engines.process.child import GOING_S, Child
from server.engines.process.program import Program
from server.engines.process.protocol import BATCH, RESULT, BadMessage, Message
from server.engines.work import Work
from server.errors import EngineLost, EngineUnavailable
from server.types import Prediction, ScoreType

logger = logging.getLogger(__name__)

ENDED = "it ended."
CLOSE_S = 15.0  # what a child may take to end after the drain, a little more than the driver gives its streams


class EngineProcess:
    """Runs a program in a child, and is an engine."""

    def __init__(
        self,
        name: str,
        program: Program,
        *,
        start_s: float = 120.0,
        back_off_s: float = 0.5,
        count_answer: Callable[[], None] = lambda: None,
        count_restart: Callable[[], None] = lambda: None,
    ) -> None:
        """A child that is not ready in `start_s` is killed; it is started again after `back_off_s`, and twice as long each time."""
        self.name = name
        self.restarts = 0
        self.on_answer: AnswerObserver = ignore_answer
        self.on_batch: BatchObserver = ignore_batch
        self._program = program
        self._start_s = start_s
        self._back_off = BackOff(back_off_s)
        self._count_answer = count_answer
        self._count_restart = count_restart
        self._queue: SimpleQueue[Work | None] = SimpleQueue()
        self._sent: dict[int, Work] = {}
        self._numbers = count()
        self._changed = threading.Condition()  # guards all of this
        self._child: Child | None = None
        self._trouble = "not running"
        self._closing = False
        self._threads: list[threading.Thread] = []
        self._restarter: threading.Thread | None = None

    @property
    def score_type(self) -> ScoreType:
        """What the scores are."""
        return self._program.score_type

    @property
    def process(self) -> int | None:
        """The child, while there is one."""
        child = self._child
        return child.pid if child else None

    @property
    def places(self) -> int:
        """Images the child takes at once."""
        child = self._child
        return child.places if child else 0

    def start(self) -> None:
        """Start a child; raises EngineUnavailable or ModelError."""
        self._closing = False
        try:
            self._begin()
        except BaseException:
            self._program.close()
            raise
        self._restarter = threading.Thread(target=self._restart, name=f"{self.name}-restarter", daemon=True)
        self._restarter.start()

    def _begin(self) -> None:
        child = Child(self.name, self._program.launch(), self._start_s)
        with self._changed:
            self._child, self._trouble = child, ""
            self._queue = SimpleQueue()
        self._threads = [
            threading.Thread(target=work, args=(child,), name=f"{self.name}-{work.__name__[1:]}", daemon=True)
            for work in (self._write, self._read)
        ]
        for thread in self._threads:
            thread.start()
        logger.info("engine %s runs in process %d", self.name, child.pid)

    def take(self, work: Work) -> None:
        """Queue an image for the child."""
        with self._changed:
            if self._trouble:
                raise EngineUnavailable(f"The engine process of {self.name} is down: {self._trouble}", "Try again in a moment.")
            self._queue.put(work)

    def health(self) -> EngineHealth:
        """Well while the child lives."""
        return EngineHealth(not self._trouble, self._trouble)

    def _write(self, child: Child) -> None:
        queue = self._queue
        while (work := queue.get()) is not None:
            request = work.begin(monotonic())
            if request is None:
                self.on_answer(work, None)
                continue
            number = next(self._numbers)
            with self._changed:
                lost = self._trouble
                if not lost:
                    self._sent[number] = work
            if lost:
                self.on_answer(work, EngineUnavailable(f"The engine process of {self.name} is down: {lost}"))
                continue
            try:
                child.send(number, self._program.meta(request), request.image.data)
            except OSError as error:
                self._lose(child, f"it cannot be written to: {error}.")
                return

    def _read(self, child: Child) -> None:
        reason = ENDED
        try:
            while message := child.receive():
                self._answer(message)
        except (BadMessage, LookupError, TypeError, ValueError, AttributeError) as error:
            reason = f"what it says makes no sense: {error!r}."
        except OSError:
            pass  # reset: it ended with images unread
        self._lose(child, reason)

    def _answer(self, message: Message) -> None:
        if message.kind == BATCH:
            self.on_batch(int(message.meta["images"]), int(message.meta["padding"]))
            return
        if message.kind != RESULT:
            raise BadMessage(f"A message of kind {message.kind} was not expected.")
        outcome = self._program.read(message.meta, message.body)
        with self._changed:
            work = self._sent.pop(message.number)
        if isinstance(outcome, Prediction):
            stages_s = {**outcome.stages_s, "queue": outcome.stages_s.get("queue", 0.0) + work.queued_s}
            outcome = replace(outcome, engine=self.name, stages_s=stages_s)
            self._count_answer()
        self.on_answer(work, outcome)

    def give_up(self, reason: str) -> None:
        """Kill the child and start another."""
        if child := self._child:
            self._lose(child, reason)

    def _lose(self, child: Child, reason: str) -> None:
        with self._changed:
            if self._child is child and not self._trouble:
                self._trouble = reason
                self._changed.notify_all()

    def _restart(self) -> None:
        """Begin again whenever the child is lost, until the engine closes."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closing or self._trouble)
            if self._closing:
                return
            self._end_child()
            with self._changed:
                self._changed.wait_for(lambda: self._closing, self._back_off.failed())
            if self._closing:
                return
            self.restarts += 1
            self._count_restart()
            try:
                self._begin()
            except ClassifyError as error:
                self._trouble = str(error)
                logger.error("engine %s cannot be started again: %s", self.name, error)  # noqa: TRY400 - the words say it all

    def _end_child(self) -> None:
        """Kill what is left of it, and fail what it had, which may then be tried elsewhere."""
        child, self._child = self._child, None
        if child is None:
            return
        self._fail_all(f"The engine process of {self.name} was lost: {self._trouble}")
        child.kill(GOING_S if self._trouble == ENDED else 0.0)
        self._join()
        ended = child.reap()
        logger.error("engine process %d of %s is lost (%s): %s %s", child.pid, self.name, ended, self._trouble, child.last_words())

    def _join(self) -> None:
        self._queue.put(None)
        for thread in self._threads:
            thread.join()

    def _fail_all(self, reason: str) -> None:
        with self._changed:
            lost, self._sent = list(self._sent.values()), {}
        for work in lost:
            self.on_answer(work, EngineLost(reason, "Try again in a moment."))
        while not self._queue.empty():
            if waiting := self._queue.get():
                self.on_answer(waiting, EngineUnavailable(reason, "Try again in a moment."))

    def close(self) -> None:
        """End the child, which may finish what it has."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        if self._restarter:
            self._restarter.join()
            self._restarter = None
        child, self._child = self._child, None
        with self._changed:
            self._trouble = "not running"
        if child:
            child.end(CLOSE_S)
            child.kill()
            self._join()
            child.reap()
        self._sent.clear()
        self._program.close()
