"""appsrc: the entry of a stream for encoded images. It owns the stream's thread."""

import threading
from queue import SimpleQueue

from pipelines.cpu.busy_threads import BUSY
from pipelines.cpu.elements.element import Element, ElementContext
from pipelines.cpu.elements.frame import Frame

IN_FLIGHT = 3  # the vendor's appsrc takes two to three buffers; then a send by unique id has to wait


class AppSrc(Element):
    """A queue and a thread. The thread takes one frame at a time through every element down to the sink."""

    factory = "appsrc"
    stage = "source"

    def __init__(self, context: ElementContext) -> None:
        super().__init__(context)
        self._frames: SimpleQueue[tuple[Frame, bool] | None] = SimpleQueue()
        self._room = threading.Semaphore(IN_FLIGHT)
        self._closed = False
        self._thread = threading.Thread(target=self._carry, name=f"{context.stream.name}-{self.name}", daemon=True)

    def start(self) -> None:
        """Start the thread that carries the frames."""
        self._thread.start()

    def put(self, frame: Frame, wait_s: float | None) -> bool:
        """Queue a frame; returns False after `close`. With `wait_s` it waits that long for room and may fail; without it never waits."""
        bounded = wait_s is not None
        if bounded and not self._room.acquire(timeout=wait_s):
            return False
        if self._closed:
            self._room.release()  # wakes the next waiting sender
            return False
        self._frames.put((frame, bounded))
        return True

    def _carry(self) -> None:
        while (item := self._frames.get()) is not None and not self._closed:
            frame, bounded = item
            BUSY.begin()
            try:
                if self.context.options.statistics:
                    self.context.options.statistics.frame_entered(self.context.stream.name)
                self.downstream(frame)
            finally:
                BUSY.end()
                if bounded:
                    self._room.release()

    def close(self) -> None:
        """Drop the queued frames, refuse every waiting sender, and end the thread after its current frame."""
        self._closed = True
        self._room.release()
        self._frames.put(None)
        if self._thread.is_alive():
            self._thread.join()
