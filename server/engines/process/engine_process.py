"""An engine in its own process, which is restarted after a crash or a hang.

A fault of the vendor's code (a hang, an abort, a failed InitManager that only a new process cures) stays in the child. Two threads
write, one of them large images, because a stopped child does not read; one thread reads; one thread restarts the child. The fleet notices
a hang.
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
from server.engines.process.child import GOING_S, Child, is_large
from server.engines.process.program import Program
from server.engines.process.protocol import BATCH, RESULT, BadMessage, Message
from server.engines.process.second_look import SecondLook, needs_second_look
from server.engines.work import Work
from server.errors import EngineLost, EngineUnavailable
from server.types import Prediction, ScoreType

logger = logging.getLogger(__name__)

ENDED = "it ended."
Queue = SimpleQueue[Work | None]
CLOSE_S = 15.0  # so long a child may take to end after the drain, a little more than the driver gives its streams


class EngineProcess:
    """An engine that runs a program in a child process."""

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
        """A child that is not ready in `start_s` is killed. It is restarted after `back_off_s`, then after twice the time, and so on."""
        self.name = name
        self.restarts = 0
        self.on_answer: AnswerObserver = ignore_answer
        self.on_batch: BatchObserver = ignore_batch
        self._program = program
        self._start_s = start_s
        self._back_off = BackOff(back_off_s)
        self._count_answer = count_answer
        self._count_restart = count_restart
        self._queue, self._large_queue = Queue(), Queue()
        self._sent: dict[int, Work] = {}
        self._suspects: set[int] = set()  # of those sent: one of them may be damaged
        self._second_look = SecondLook(name, lambda: self.on_answer)
        self._numbers = count()
        self._changed = threading.Condition()  # guards all attributes of this object
        self._child: Child | None = None
        self._trouble = "not running"
        self._closing = False
        self._threads: list[threading.Thread] = []
        self._restarter: threading.Thread | None = None

    @property
    def score_type(self) -> ScoreType:
        """The kind of the scores."""
        return self._program.score_type

    @property
    def process(self) -> int | None:
        """The process id of the child, if there is one."""
        child = self._child
        return child.pid if child else None

    @property
    def places(self) -> int:
        """The number of images that the child takes at once."""
        child = self._child
        return child.places if child else 0

    @property
    def decoders(self) -> int:
        """The number of images that the child decodes at once."""
        child = self._child
        return child.decoders if child else 1

    @property
    def turns_pictures(self) -> bool:
        """Whether the child turns PNGs and WebPs by their EXIF orientation."""
        child = self._child
        return child.turns_pictures if child else False

    @property
    def reads_webp(self) -> bool:
        """Whether the child decodes WebP."""
        child = self._child
        return child.reads_webp if child else False

    def start(self) -> None:
        """Start a child; raises EngineUnavailable or ModelError."""
        self._closing = False
        self._second_look = SecondLook(self.name, lambda: self.on_answer)
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
            self._queue, self._large_queue = Queue(), Queue()
        queue, large = self._queue, self._large_queue
        self._threads = [
            threading.Thread(target=self._read, args=(child,), name=f"{self.name}-read", daemon=True),
            threading.Thread(target=self._write, args=(child, queue), name=f"{self.name}-write", daemon=True),
            threading.Thread(target=self._write, args=(child, large), name=f"{self.name}-write-large", daemon=True),
        ]
        for thread in self._threads:
            thread.start()
        logger.info("engine %s runs in process %d", self.name, child.pid)

    def take(self, work: Work) -> None:
        """Queue an image for the child."""
        with self._changed:
            if self._trouble:
                raise EngineUnavailable(f"The engine process of {self.name} is down: {self._trouble}", "Try again in a moment.")
            request = work.request
            (self._large_queue if request and is_large(request.image.data) else self._queue).put(work)

    def health(self) -> EngineHealth:
        """Healthy while the child lives."""
        return EngineHealth(not self._trouble, self._trouble)

    def _write(self, child: Child, queue: Queue) -> None:
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
                child.send(number, self._program.meta(request, slow=work.is_slow), request.image.data)
            except OSError as error:
                self._lose(child, f"it cannot be written to: {error}.")
                return

    def _read(self, child: Child) -> None:
        reason = ENDED
        try:
            while message := child.receive():
                self._answer(message, child)
        except (BadMessage, LookupError, TypeError, ValueError, AttributeError) as error:
            reason = f"its message is invalid: {error!r}."
        except OSError:
            pass  # a reset: the child ended with unread images
        self._lose(child, reason)

    def _answer(self, message: Message, child: Child) -> None:
        if message.kind == BATCH:
            self.on_batch(int(message.meta["images"]), int(message.meta["padding"]))
            return
        if message.kind != RESULT:
            raise BadMessage(f"Unexpected message of kind {message.kind}.")
        outcome = self._program.read(message.meta, message.body)
        warned = child.warned()
        with self._changed:
            if warned or not (child.refuses_damage or child.warns_of_damage):
                self._suspects |= self._sent.keys()
            work = self._sent.pop(message.number)
            suspect = message.number in self._suspects
            self._suspects.discard(message.number)
        if isinstance(outcome, Prediction):
            stages_s = {**outcome.stages_s, "queue": outcome.stages_s.get("queue", 0.0) + work.queued_s}
            outcome = replace(outcome, engine=self.name, stages_s=stages_s)
            self._count_answer()
        if not child.refuses_damage and needs_second_look(work, outcome, suspect=suspect):
            self._second_look.take(work, outcome)
        else:
            self.on_answer(work, outcome)

    def give_up(self, reason: str) -> None:
        """Kill the child and start another one."""
        if child := self._child:
            self._lose(child, reason)

    def _lose(self, child: Child, reason: str) -> None:
        with self._changed:
            if self._child is child and not self._trouble:
                self._trouble = reason
                self._changed.notify_all()

    def _restart(self) -> None:
        """Restart the child after each loss, until the engine closes."""
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
        """Kill the child if it still runs, and fail its works; the fleet may try them elsewhere."""
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
        self._large_queue.put(None)
        for thread in self._threads:
            thread.join()

    def _fail_all(self, reason: str) -> None:
        with self._changed:
            lost, self._sent = list(self._sent.values()), {}
            self._suspects.clear()
        for work in lost:
            self.on_answer(work, EngineLost(reason, "Try again in a moment."))
        for queue in (self._queue, self._large_queue):
            while not queue.empty():
                if waiting := queue.get():
                    self.on_answer(waiting, EngineUnavailable(reason, "Try again in a moment."))

    def close(self) -> None:
        """End the child, after it has finished its works."""
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
        self._second_look.close()
        self._sent.clear()
        self._program.close()
