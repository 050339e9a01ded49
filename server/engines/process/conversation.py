"""One child and what is said with it: images to it, answers from it.

Two threads write, one of them large images, because a stopped child does not read; one thread reads.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import count
from queue import Empty, SimpleQueue
from time import monotonic

from pipelines.cpu.process_memory import held_bytes
from server.engines.base import BatchObserver
from server.engines.process.child import Child, is_large
from server.engines.process.program import Program
from server.engines.process.protocol import BATCH, RESULT, BadMessage, Message
from server.engines.process.second_look import Outcome, needs_second_look
from server.engines.work import InferenceRequest, Work
from server.errors import EngineLost, EngineUnavailable

ENDED = "it ended."
Queue = SimpleQueue[Work | None]


class Conversation:
    """From the start of a child until it has ended: every work that is put in gets its answer or an error, once."""

    def __init__(
        self,
        name: str,
        program: Program,
        start_s: float,
        *,
        on_answer: Callable[[Work, Outcome], None],
        on_doubt: Callable[[Work, Outcome], None],
        on_batch: BatchObserver,
        on_loss: "Callable[[Conversation, str], None]",
        on_begun: Callable[[Child], None] = lambda _: None,
    ) -> None:
        """Start the child; raises EngineUnavailable or ModelError. `on_begun` gets it before it is ready.

        `on_doubt` gets the answers that want a second look, `on_loss` the reason when the child cannot be spoken with.
        """
        self.child = Child(name, program.launch(), start_s, on_begun)
        self.first_bytes = held_bytes(self.child.pid)
        """What the child held when it was ready."""
        self._name = name
        self._program = program
        self._on_answer, self._on_doubt, self._on_batch, self._on_loss = on_answer, on_doubt, on_batch, on_loss
        self._queue, self._large_queue = Queue(), Queue()
        self._sent: dict[int, Work] = {}
        self._suspects: set[int] = set()  # of those sent: one of them may be damaged
        self._lost = ""  # the reason why nothing is sent any more
        self._lock = threading.Lock()  # of the three attributes above
        self._numbers = count()
        self._writers = [self._thread("write", self._write, self._queue), self._thread("write-large", self._write, self._large_queue)]
        self._reader = self._thread("read", self._read)

    def _thread(self, role: str, run: Callable[..., None], *arguments: object) -> threading.Thread:
        return threading.Thread(target=run, args=arguments, name=f"{self._name}-{role}", daemon=True)

    def open(self) -> None:
        """Begin to send and to receive; before this, `on_loss` is not called."""
        for thread in (*self._writers, self._reader):
            thread.start()

    @property
    def grown_bytes(self) -> int:
        """The memory that the child holds more than when it was ready."""
        return held_bytes(self.child.pid) - self.first_bytes

    def put(self, work: Work) -> None:
        """Queue an image for the child, without waiting."""
        request = work.request
        (self._large_queue if request and is_large(request.image.data) else self._queue).put(work)

    def _write(self, queue: Queue) -> None:
        while (work := queue.get()) is not None:
            request = work.begin(monotonic())
            if request is None:
                self._on_answer(work, None)
                continue
            try:
                self._send(work, request)
            except OSError as error:
                self._on_loss(self, f"it cannot be written to: {error}.")
                return

    def _send(self, work: Work, request: InferenceRequest) -> None:
        number = next(self._numbers)
        with self._lock:
            lost = self._lost
            if not lost:
                self._sent[number] = work
        if lost:
            self._on_answer(work, EngineUnavailable(f"The engine process of {self._name} is down: {lost}"))
        else:
            self.child.send(number, self._program.meta(request, slow=work.is_slow), request.image.data)

    def _read(self) -> None:
        reason = ENDED
        try:
            while message := self.child.receive():
                self._answer(message)
        except (BadMessage, LookupError, TypeError, ValueError, AttributeError) as error:
            reason = f"its message is invalid: {error!r}."
        except OSError:
            pass  # a reset: the child ended with unread images
        self._on_loss(self, reason)

    def _answer(self, message: Message) -> None:
        if message.kind == BATCH:
            self._on_batch(int(message.meta["images"]), int(message.meta["padding"]))
            return
        if message.kind != RESULT:
            raise BadMessage(f"Unexpected message of kind {message.kind}.")
        outcome, child = self._program.read(message.meta, message.body), self.child
        warned = child.warned()
        with self._lock:
            if warned or not (child.refuses_damage or child.warns_of_damage):
                self._suspects |= self._sent.keys()
            work = self._sent.pop(message.number)
            suspect = message.number in self._suspects
            self._suspects.discard(message.number)
        doubtful = not child.refuses_damage and needs_second_look(work, outcome, suspect=suspect)
        (self._on_doubt if doubtful else self._on_answer)(work, outcome)

    def fail(self, reason: str) -> None:
        """Answer everything with an error; the fleet may try it elsewhere."""
        with self._lock:
            self._lost = reason
            lost, self._sent = list(self._sent.values()), {}
            self._suspects.clear()
        for work in lost:
            self._on_answer(work, EngineLost(reason, "Try again in a moment."))
        for work in self._queued():
            self._on_answer(work, EngineUnavailable(reason, "Try again in a moment."))

    def _queued(self) -> Iterator[Work]:
        for queue in (self._queue, self._large_queue):
            with suppress(Empty):  # a writer may take the last one
                while True:
                    if waiting := queue.get_nowait():
                        yield waiting

    def end(self, within_s: float) -> None:
        """Let the child answer all that was put in, and end; what it has not answered in that time fails."""
        give_up_s = monotonic() + within_s
        self._queue.put(None)
        self._large_queue.put(None)
        for thread in filter(lambda each: each.ident, self._writers):
            thread.join(max(0.0, give_up_s - monotonic()))
        self.child.end(max(0.0, give_up_s - monotonic()))
        self.break_off()
        self.fail(f"The engine process of {self._name} did not end in time.")

    def break_off(self, grace_s: float = 0.0) -> str:
        """Kill the child, after `grace_s` at most; returns how it ended."""
        self.child.kill(grace_s)
        self._queue.put(None)
        self._large_queue.put(None)
        for thread in (*self._writers, self._reader):
            if thread.ident:  # there may have been no room for it
                thread.join()
        return self.child.reap()
