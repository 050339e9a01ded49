"""An engine in its own process, which is restarted after a crash or a hang, and replaced when it has grown.

A fault of the vendor's code (a hang, an abort, a failed InitManager that only a new process cures) stays in the child. One thread
restarts and replaces it; the fleet notices a hang.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from time import monotonic
from typing import Any

from models.model_errors import ClassifyError
from server.engines.base import AnswerObserver, BatchObserver, EngineHealth, ignore_answer, ignore_batch
from server.engines.liveness import BackOff
from server.engines.process.child import GOING_S, Child
from server.engines.process.conversation import ENDED, Conversation
from server.engines.process.program import Program
from server.engines.process.second_look import Outcome, SecondLook
from server.engines.work import Work
from server.errors import EngineUnavailable
from server.types import Prediction, ScoreType

logger = logging.getLogger(__name__)

CLOSE_S = 15.0  # so long a child may take to end after the drain, a little more than the driver gives its streams


@dataclass(frozen=True)
class Replacement:
    """When a child is replaced: it has grown by `growth_bytes` since its start (0: never).

    It is looked at every `look_s`, and replaced every `pause_s` at most. Engines that share a `turn` are replaced one after the other.
    """

    growth_bytes: int = 0
    look_s: float = 5.0
    pause_s: float = 60.0
    turn: threading.Lock = field(default_factory=threading.Lock)
    count: Callable[[], None] = lambda: None


class EngineProcess:
    """An engine that runs a program in a child process."""

    def __init__(
        self,
        name: str,
        program: Program,
        *,
        start_s: float = 120.0,
        back_off_s: float = 0.5,
        replacement: Replacement | None = None,
        count_answer: Callable[[], None] = lambda: None,
        count_restart: Callable[[], None] = lambda: None,
    ) -> None:
        """A child that is not ready in `start_s` is killed. It is restarted after `back_off_s`, then after twice the time, and so on."""
        self.name = name
        self.restarts = 0
        self.on_answer: AnswerObserver = ignore_answer
        self.on_batch: BatchObserver = ignore_batch
        self._program = program
        self._start_s = start_s
        self._back_off = BackOff(back_off_s)
        self._replacement = replacement or Replacement()
        self._pause_until_s = float("-inf")
        self._count_answer = count_answer
        self._count_restart = count_restart
        self._second_look = SecondLook(name, lambda: self.on_answer)
        self._changed = threading.Condition()  # guards the next five
        self._starting: Child | None = None
        self._present: Conversation | None = None
        self._trouble = "not running"
        self._gone = False
        self._closing = False
        self._supervisor: threading.Thread | None = None

    @property
    def score_type(self) -> ScoreType:
        """The kind of the scores."""
        return self._program.score_type

    @property
    def process(self) -> int | None:
        """The process id of the child, if there is one."""
        present = self._present
        return present.child.pid if present else None

    @property
    def places(self) -> int:
        """The number of images that the child takes at once."""
        present = self._present
        return present.child.places if present else 0

    @property
    def decoders(self) -> int:
        """The number of images that the child decodes at once."""
        present = self._present
        return present.child.decoders if present else 1

    @property
    def turns_pictures(self) -> bool:
        """Whether the child turns PNGs and WebPs by their EXIF orientation."""
        present = self._present
        return present.child.turns_pictures if present else False

    @property
    def reads_webp(self) -> bool:
        """Whether the child decodes WebP."""
        present = self._present
        return present.child.reads_webp if present else False

    def start(self) -> None:
        """Start a child; raises EngineUnavailable or ModelError."""
        self._closing = False
        self._second_look = SecondLook(self.name, lambda: self.on_answer)
        try:
            self._begin()
        except BaseException:
            self._program.close()
            raise
        self._supervisor = threading.Thread(target=self._supervise, name=f"{self.name}-supervisor", daemon=True)
        self._supervisor.start()

    def _begin(self) -> None:
        """Start a child that gets all works from now on."""
        observers: dict[str, Any] = {"on_answer": self._answered, "on_doubt": self._doubted, "on_batch": self._ran, "on_loss": self._lose}
        try:
            started = Conversation(self.name, self._program, self._start_s, on_begun=self._begun, **observers)
        finally:
            with self._changed:
                self._starting = None
        with self._changed:
            former = self._present, self._trouble, self._gone
            self._present, self._trouble, self._gone = started, "", False
        try:
            started.open()
        except BaseException:  # no room for a thread
            with self._changed:
                self._present, self._trouble, self._gone = former
            started.fail(f"The engine process of {self.name} could not be spoken with.")
            started.break_off()
            raise
        logger.info("engine %s runs in process %d", self.name, started.child.pid)

    def _begun(self, child: Child) -> None:
        """A start may hang in the driver, so `close` must be able to end it."""
        with self._changed:
            self._starting = child
            if self._closing:
                child.kill()

    @property
    def starts(self) -> bool:
        """Whether a child is on its way."""
        return self._starting is not None

    def take(self, work: Work) -> None:
        """Queue an image for the child."""
        with self._changed:
            if self._trouble or self._present is None:
                raise EngineUnavailable(f"The engine process of {self.name} is down: {self._trouble}", "Try again in a moment.")
            self._present.put(work)

    def health(self) -> EngineHealth:
        """Healthy while the child lives."""
        return EngineHealth(not self._trouble, self._trouble, self._gone)

    def _answered(self, work: Work, outcome: Outcome) -> None:
        self.on_answer(work, self._told_of(work, outcome))

    def _doubted(self, work: Work, outcome: Outcome) -> None:
        self._second_look.take(work, self._told_of(work, outcome))

    def _told_of(self, work: Work, outcome: Outcome) -> Outcome:
        """The outcome with this engine's name and the whole time in queues."""
        if not isinstance(outcome, Prediction):
            return outcome
        self._count_answer()
        stages_s = {**outcome.stages_s, "queue": outcome.stages_s.get("queue", 0.0) + work.queued_s}
        return replace(outcome, engine=self.name, stages_s=stages_s)

    def _ran(self, images: int, padding: int) -> None:
        self.on_batch(images, padding)

    def give_up(self, reason: str) -> None:
        """Kill the child and start another one."""
        if present := self._present:
            self._lose(present, reason)

    def _lose(self, conversation: Conversation, reason: str) -> None:
        with self._changed:
            if self._present is conversation and not self._trouble:
                self._trouble = reason
                self._changed.notify_all()

    def _supervise(self) -> None:
        """Restart the child after each loss, and replace it when it has grown, until the engine closes."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closing or self._trouble, self._replacement.look_s)
            if self._closing:
                return
            if self._trouble:
                self._restart()
            elif self._has_grown() and self._replacement.turn.acquire(blocking=False):
                try:
                    self._replace()
                finally:
                    self._replacement.turn.release()

    def _restart(self) -> None:
        self._end_lost()
        with self._changed:
            self._changed.wait_for(lambda: self._closing, self._back_off.failed())
        if self._closing:
            return
        self.restarts += 1
        self._count_restart()
        try:
            self._begin()
        except Exception as error:  # such as no room on the disk: the next attempt may find some
            self._trouble, self._gone = str(error) or repr(error), True
            logger.error("engine %s cannot be started again: %s", self.name, error, exc_info=_fault(error))  # noqa: TRY400 - see _fault

    def _end_lost(self) -> None:
        """Kill the child if it still runs, and fail its works; the fleet may try them elsewhere."""
        with self._changed:
            lost, self._present = self._present, None
        if lost is None:
            return
        lost.fail(f"The engine process of {self.name} was lost: {self._trouble}")
        ended = lost.break_off(GOING_S if self._trouble == ENDED else 0.0)
        words = lost.child.last_words()
        logger.error("engine process %d of %s is lost (%s): %s %s", lost.child.pid, self.name, ended, self._trouble, words)

    def _has_grown(self) -> bool:
        present, most_bytes = self._present, self._replacement.growth_bytes
        if present is None or not most_bytes or monotonic() < self._pause_until_s:
            return False
        return present.grown_bytes > most_bytes

    def _replace(self) -> None:
        """Start another child beside the present one, send it all new works, and let the old one finish and end."""
        if (old := self._present) is None:
            return
        grown_mb = old.grown_bytes // 2**20
        try:
            self._begin()
        except Exception as error:
            words = "engine process %d of %s has grown by %d MiB and stays: %s"
            logger.warning(words, old.child.pid, self.name, grown_mb, error, exc_info=_fault(error))
        else:
            old.end(CLOSE_S)
            self._replacement.count()
            logger.info("engine process %d of %s had grown by %d MiB and was replaced", old.child.pid, self.name, grown_mb)
        finally:
            self._pause_until_s = monotonic() + self._replacement.pause_s

    def close(self) -> None:
        """End the child, after it has finished its works."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
            if self._starting:
                self._starting.kill()
        if self._supervisor:
            self._supervisor.join()
            self._supervisor = None
        with self._changed:
            present, self._present = self._present, None
            self._trouble = "not running"
        if present:
            present.end(CLOSE_S)
        self._second_look.close()
        self._program.close()


def _fault(error: Exception) -> Exception | None:
    """The error, if its words do not say it all."""
    return None if isinstance(error, ClassifyError) else error
