"""How pictures form batches: the waiting window, the choice of a compiled batch size, and the order of the frames."""

import threading
from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from time import monotonic, perf_counter

from pipelines.cpu.busy_threads import BUSY
from pipelines.cpu.elements.element import FrameFailure
from pipelines.cpu.elements.frame import Array, Frame, FrameError, Pixels

CAPACITY = 33  # the vendor lets this many frames wait and blocks the next one

Outputs = tuple[Array, ...]
Run = Callable[[list[Pixels], int], list[Outputs]]
Deliver = Callable[[Frame, list[Outputs]], None]


class BatchStrategy(StrEnum):
    """`dynamicStrategy` of mxpi_tensorinfer."""

    NEAREST = "Nearest"
    UPPER = "Upper"
    LOWER = "Lower"


def choose_batch(strategy: BatchStrategy, sizes: Sequence[int], waiting: int) -> int:
    """Choose the batch size for a number of waiting pictures, as the vendor does; `sizes` are in rising order.

    Nearest: the smallest difference, the larger size on a tie. Upper: the smallest size that holds all pictures, else the largest.
    Lower: the largest size that the pictures fill, else the smallest.
    """
    if strategy is BatchStrategy.UPPER:
        return sizes[min(bisect_left(sizes, waiting), len(sizes) - 1)]
    if strategy is BatchStrategy.LOWER:
        return sizes[max(bisect_right(sizes, waiting) - 1, 0)]
    return min(sizes, key=lambda size: (abs(size - waiting), -size))


@dataclass(eq=False, slots=True)
class Waiting:
    """A frame inside the collector. It can leave when every picture has its outputs, or when the frame has failed."""

    frame: Frame
    pictures: tuple[Pixels, ...]
    arrived_s: float = field(default_factory=perf_counter)
    outputs: list[Outputs] = field(default_factory=list)

    @property
    def done(self) -> bool:
        """Whether the frame is ready and waits only for the frames before it."""
        return bool(self.frame.errors) or len(self.outputs) == len(self.pictures)


class BatchCollector:
    """Collects pictures and runs them in order: at once when the largest batch is full, else when the window closes.

    A picture opens the window if none is open. A batch that fills up does not close the window, so the next partial batch may
    leave early. Frames leave in the order of their arrival; a frame without pictures waits only for the frames before it.
    `run` raises FrameFailure: then the frames of that batch fail, or in strict mode all waiting frames.
    """

    def __init__(
        self,
        element: str,
        run: Run,
        deliver: Deliver,
        sizes: Sequence[int],
        strategy: BatchStrategy,
        window_s: float,
        *,
        strict: bool = False,
    ) -> None:
        self._element, self._run, self._deliver = element, run, deliver
        self._sizes, self._strategy, self._window_s, self._strict = sizes, strategy, window_s, strict
        self._capacity = CAPACITY if strict else max(CAPACITY, sizes[-1])
        self._order: deque[Waiting] = deque()
        self._pictures: deque[tuple[Waiting, Pixels]] = deque()
        self._due_s: float | None = None  # the time when the open window closes
        self._closed = False
        self._changed = threading.Condition()
        self._device = threading.Lock()  # runs one batch at a time, in order
        self._timer = threading.Thread(target=self._watch, name=f"{element}-batch", daemon=True)
        self._timer.start()

    def put(self, frame: Frame, pictures: Sequence[Pixels]) -> None:
        """Add a frame as soon as there is room. When the batch is full, run it in the caller's thread."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or len(self._order) < self._capacity)
            if self._closed:
                return
            waiting = Waiting(frame, tuple(pictures))
            self._order.append(waiting)
            self._pictures.extend((waiting, picture) for picture in waiting.pictures)
            if pictures and self._due_s is None:
                self._due_s = monotonic() + self._window_s
                self._changed.notify_all()
            ready = len(self._pictures) >= self._sizes[-1] or self._order[0].done
        if ready:
            with self._device:
                self._flush(owed=0)

    def fail(self, frame: Frame, failure: FrameFailure) -> None:
        """Add a frame that does not fit the model; in strict mode all waiting frames fail with it."""
        if self._strict:
            with self._device, self._changed:
                self._fail(list(self._order), failure)
        frame.errors[self._element] = FrameError(failure.code, failure.text)
        self.put(frame, ())

    def _flush(self, owed: int) -> None:
        """Run `owed` pictures and every full batch; if the chosen size is smaller, run the rest too. The caller holds the device."""
        self._deliver_done()
        while (batch := self._next_batch(owed)) is not None:
            taken, size = batch
            self._run_batch(taken, size)
            owed -= len(taken)
            self._deliver_done()

    def _next_batch(self, owed: int) -> tuple[list[tuple[Waiting, Pixels]], int] | None:
        """The next pictures and their batch size, or None if the other pictures have to wait."""
        with self._changed:
            count = len(self._pictures)
            if self._closed or not count or (owed <= 0 and count < self._sizes[-1]):
                return None
            size = self._sizes[-1] if count >= self._sizes[-1] else choose_batch(self._strategy, self._sizes, count)
            return [self._pictures.popleft() for _ in range(min(size, count))], size

    def _run_batch(self, taken: list[tuple[Waiting, Pixels]], size: int) -> None:
        started_s = perf_counter()
        with self._changed:
            present = list(self._order)
        try:
            outputs = self._run([picture for _, picture in taken], size)
        except FrameFailure as failure:
            with self._changed:
                self._fail(present if self._strict else [waiting for waiting, _ in taken], failure)
        else:
            for (waiting, _), output in zip(taken, outputs, strict=True):
                waiting.outputs.append(output)
        elapsed_s = perf_counter() - started_s
        for waiting, _ in taken:
            waiting.frame.stages_s.update(queue=started_s - waiting.arrived_s, infer=elapsed_s)

    def _fail(self, failed: list[Waiting], failure: FrameFailure) -> None:
        """Fail waiting frames and drop their pictures; a strict failure also closes the window."""
        for waiting in failed:
            if not waiting.done:
                waiting.frame.errors[self._element] = FrameError(failure.code, failure.text)
        self._pictures = deque(entry for entry in self._pictures if not entry[0].done)
        if self._strict:
            self._due_s = monotonic() + self._window_s if self._pictures else None
            self._changed.notify_all()

    def _deliver_done(self) -> None:
        while True:
            with self._changed:
                if self._closed or not self._order or not self._order[0].done:
                    return
                waiting = self._order.popleft()
                self._changed.notify_all()
            self._deliver(waiting.frame, waiting.outputs)

    def _watch(self) -> None:
        while True:
            with self._changed:
                while not self._closed and (self._due_s is None or (left_s := self._due_s - monotonic()) > 0):
                    self._changed.wait(None if self._due_s is None else left_s)
                if self._closed:
                    return
            BUSY.begin()
            try:
                with self._device:
                    self._flush(self._close_window())
            finally:
                BUSY.end()

    def _close_window(self) -> int:
        """Close the window and return the number of its pictures; 0 if another thread has closed it."""
        with self._changed:
            if self._due_s is None or self._due_s > monotonic():
                return 0
            self._due_s = None
            return len(self._pictures)

    def release(self) -> None:
        """Let a sender go on that waits for room, and drop the waiting frames."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def close(self) -> None:
        """Drop the waiting frames and end the thread."""
        self.release()
        self._timer.join()
