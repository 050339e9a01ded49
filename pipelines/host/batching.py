"""How frames become batches: the window from the first arrival, and the choice among the compiled sizes."""

import threading
from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Callable, Sequence
from enum import StrEnum
from time import monotonic

from pipelines.host.frame import Frame


class BatchStrategy(StrEnum):
    """`dynamicStrategy` of mxpi_tensorinfer."""

    NEAREST = "Nearest"
    UPPER = "Upper"
    LOWER = "Lower"


def choose_batch(strategy: BatchStrategy, sizes: Sequence[int], waiting: int) -> int:
    """The batch size for a number of waiting frames, as the vendor chooses; `sizes` rise.

    Nearest: the smallest difference, the larger on a tie. Upper: the smallest that holds all, else the largest.
    Lower: the largest that is filled, else the smallest.
    """
    if strategy is BatchStrategy.UPPER:
        return sizes[min(bisect_left(sizes, waiting), len(sizes) - 1)]
    if strategy is BatchStrategy.LOWER:
        return sizes[max(bisect_right(sizes, waiting) - 1, 0)]
    return min(sizes, key=lambda size: (abs(size - waiting), -size))


class BatchCollector:
    """Collects frames and runs them in order: at once when the largest batch is full, else when the window closes.

    The window runs from the first arrival after the last flush and is not extended.
    """

    def __init__(
        self,
        stream: str,
        run: Callable[[list[Frame], int], None],
        sizes: Sequence[int],
        strategy: BatchStrategy,
        window_s: float,
    ) -> None:
        self._run, self._sizes, self._strategy, self._window_s = run, sizes, strategy, window_s
        self._waiting: deque[Frame] = deque()
        self._due_s: float | None = None
        self._closed = False
        self._changed = threading.Condition()
        self._device = threading.Lock()  # one batch at a time, in order
        self._timer = threading.Thread(target=self._watch, name=f"{stream}-batch", daemon=True)
        self._timer.start()

    def put(self, frame: Frame) -> None:
        """Add a frame; runs the batch in the caller's thread when it is full."""
        with self._changed:
            self._waiting.append(frame)
            full = len(self._waiting) >= self._sizes[-1]
            if self._due_s is None:
                self._due_s = monotonic() + self._window_s
                self._changed.notify()
        if full:
            with self._device:
                if len(self._waiting) >= self._sizes[-1]:
                    self._flush(partial=False)

    def _flush(self, *, partial: bool) -> None:
        """Run what waits; a chosen size below that is followed by the rest. The caller holds the device."""
        while True:
            with self._changed:
                waiting = len(self._waiting)
                if not waiting or (not partial and waiting < self._sizes[-1]):
                    self._due_s = monotonic() + self._window_s if waiting else None
                    self._changed.notify()
                    return
                size = choose_batch(self._strategy, self._sizes, waiting)
                frames = [self._waiting.popleft() for _ in range(min(size, waiting))]
            self._run(frames, size)

    def _watch(self) -> None:
        while True:
            with self._changed:
                while not self._closed and (self._due_s is None or (left_s := self._due_s - monotonic()) > 0):
                    self._changed.wait(None if self._due_s is None else left_s)
                if self._closed and not self._waiting:
                    return
            with self._device:
                self._flush(partial=True)

    def close(self) -> None:
        """Run what still waits and end the thread."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._timer.join()
