"""A collector whose runs are noted, and the calls its tests make."""

import threading
from collections.abc import Callable

import numpy as np

from pipelines.cpu.elements.batching import BatchCollector, BatchStrategy, Outputs
from pipelines.cpu.elements.element import FrameFailure
from pipelines.cpu.elements.frame import Frame, FrameError, Pixels

NEAREST, UPPER, LOWER = BatchStrategy.NEAREST, BatchStrategy.UPPER, BatchStrategy.LOWER
GEARS = (1, 2, 4, 8)
NEVER_S = 1000.0
SOON_S = 0.01
FAILURE = FrameFailure(-1, "told to fail")
FAILED = {"infer": FrameError(-1, "told to fail")}


def picture(number: int) -> Pixels:
    return np.full(1, number, np.int64)


class Runs:
    """The runs of a collector, as (pictures, batch size), the frames that came out, and a way to wait for them."""

    def __init__(self) -> None:
        self.made: list[tuple[list[int], int]] = []
        self.out: list[Frame] = []
        self.seen: list[list[int]] = []
        self.failing = 0
        self._changed = threading.Condition()

    def run(self, pictures: list[Pixels], size: int) -> list[Outputs]:
        self.made.append(([int(one[0]) for one in pictures], size))
        if self.failing:
            self.failing -= 1
            raise FAILURE
        return [(one,) for one in pictures]

    def deliver(self, frame: Frame, outputs: list[Outputs]) -> None:
        with self._changed:
            self.seen.append([int(array[0]) for (array,) in outputs])
            self.out.append(frame)
            self._changed.notify_all()

    @property
    def order(self) -> list[int]:
        return [frame.unique_id for frame in self.out]

    @property
    def failed(self) -> list[int]:
        return [frame.unique_id for frame in self.out if frame.errors == FAILED]

    def wait_for(self, frames: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.out) >= frames, 30)


def put(collector: BatchCollector, *numbers: int, pictures: int = 1, failed: bool = False) -> None:
    """Frames whose pictures bear their number."""
    for number in numbers:
        errors = {"decoder": FrameError(1004, "")} if failed else {}
        collector.put(Frame(b"", number, errors=errors), [] if failed else [picture(number)] * pictures)


Collect = Callable[..., BatchCollector]


def close_window(collector: BatchCollector) -> None:
    """Does the timer's work when the window closes."""
    with collector._device:
        collector._due_s = 0
        collector._flush(collector._close_window())
