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

    The window runs from the first arrival after the last flush and is not extended. A frame that has failed keeps its
    place in the order but fills none in a batch: it waits for the frames before it and for nobody else.
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
        self._waiting: deque[tuple[Frame, float]] = deque()  # with the time of arrival
        self._live = 0  # those that wait and have not failed
        self._due_s: float | None = None
        self._closed = False
        self._changed = threading.Condition()
        self._device = threading.Lock()  # one batch at a time, in order
        self._timer = threading.Thread(target=self._watch, name=f"{stream}-batch", daemon=True)
        self._timer.start()

    def put(self, frame: Frame) -> None:
        """Add a frame; runs the batch in the caller's thread when it is full."""
        with self._changed:
            arrived_s = monotonic()
            self._waiting.append((frame, arrived_s))
            self._live += not frame.errors
            ready = not 0 < self._live < self._sizes[-1]
            if self._due_s is None:
                self._due_s = arrived_s + self._window_s
                self._changed.notify()
        if ready:
            with self._device:
                self._flush(owed=0)

    def _flush(self, owed: int) -> None:
        """Run `owed` frames and whatever is full; a chosen size below that is followed by the rest. The caller holds the device."""
        while (batch := self._next_batch(owed)) is not None:
            frames, size = batch
            self._run(frames, size)
            owed -= size

    def _next_batch(self, owed: int) -> tuple[list[Frame], int] | None:
        """The next frames and the size to run them in (0: all have failed), or None when the rest has to wait."""
        with self._changed:
            if not self._waiting or (owed <= 0 and 0 < self._live < self._sizes[-1]):
                self._due_s = self._waiting[0][1] + self._window_s if self._waiting else None
                self._changed.notify()
                return None
            size = choose_batch(self._strategy, self._sizes, self._live) if self._live else 0
            return self._take(size), size

    def _take(self, live: int) -> list[Frame]:
        """Up to that many live frames from the front, and the failed ones before, between and right behind them."""
        frames: list[Frame] = []
        while self._waiting and (live or self._waiting[0][0].errors):
            frame, _ = self._waiting.popleft()
            frames.append(frame)
            if not frame.errors:
                live -= 1
                self._live -= 1
        return frames

    def _watch(self) -> None:
        while True:
            with self._changed:
                while not self._closed and (self._due_s is None or (left_s := self._due_s - monotonic()) > 0):
                    self._changed.wait(None if self._due_s is None else left_s)
                if self._closed:
                    return
            with self._device:
                self._flush(self._owed())

    def _owed(self) -> int:
        """How many frames the closed window lets go; none if another thread has run them meanwhile."""
        with self._changed:
            return self._live if self._due_s is not None and self._due_s <= monotonic() else 0

    def close(self) -> None:
        """Drop what still waits and end the thread."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._timer.join()
