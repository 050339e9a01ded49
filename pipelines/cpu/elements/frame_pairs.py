"""The frames of an element with two inputs, which are processed in pairs."""

import threading
from collections import deque
from collections.abc import Callable

from pipelines.cpu.elements.frame import Frame

HELD = 2  # frames of one input that wait for the other; the thread that brings the last one waits with it, as with the vendor


class FramePairs:
    """Calls `process` with the frames of input 0 and input 1, each in their order, one pair at a time."""

    def __init__(self, process: Callable[[Frame, Frame], None]) -> None:
        self._process = process
        self._waiting: tuple[deque[Frame], deque[Frame]] = (deque(), deque())
        self._changed = threading.Condition()
        self._released = False

    def put(self, port: int, frame: Frame) -> None:
        """Process a frame if its partner is there; else keep it."""
        mine, others = self._waiting[port], self._waiting[1 - port]
        with self._changed:
            if others:
                pair = (frame, others.popleft()) if port == 0 else (others.popleft(), frame)
                self._process(*pair)
                self._changed.notify_all()
                return
            mine.append(frame)
            if len(mine) >= HELD:
                self._changed.wait_for(lambda: self._released or len(mine) < HELD)

    def release(self) -> None:
        """Let a thread go on that waits."""
        with self._changed:
            self._released = True
            self._changed.notify_all()
