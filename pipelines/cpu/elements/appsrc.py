"""appsrc: the entry of a stream for encoded images. It owns the stream's thread."""

import threading
from queue import SimpleQueue

from pipelines.cpu.busy_threads import BUSY
from pipelines.cpu.elements.element import Element, ElementContext
from pipelines.cpu.elements.frame import Frame

IN_FLIGHT = 3  # frames after which the vendor's appsrc takes no more by unique id


class AppSrc(Element):
    """A queue and a thread. The thread takes one frame at a time through every element down to the sink.

    A send by unique id has to enter first. The source shuts with three such frames inside and opens when none is inside, as the vendor's
    does: GStreamer tells "enough data" and "need data" so. With the option `early_room` it opens with each frame that leaves.
    """

    factory = "appsrc"
    stage = "source"

    def __init__(self, context: ElementContext) -> None:
        super().__init__(context)
        self._frames: SimpleQueue[tuple[Frame, bool] | None] = SimpleQueue()
        self._changed = threading.Condition()  # guards the next three
        self._inside = 0
        self._shut = False
        self._closed = False
        self._opens_at = IN_FLIGHT - 1 if context.options.early_room and not context.options.strict else 0
        self._thread = threading.Thread(target=self._carry, name=f"{context.stream.name}-{self.name}", daemon=True)

    def start(self) -> None:
        """Start the thread that carries the frames."""
        self._thread.start()

    def enter(self, wait_s: float) -> bool:
        """Make room for one frame, which `put` must follow; returns False after `wait_s` without room, and after `close`."""
        with self._changed:
            if self._shut and not self._closed:
                self._changed.wait_for(lambda: self._closed or not self._shut, wait_s)
            if self._closed or self._shut:
                return False
            self._inside += 1
            self._shut = self._inside >= IN_FLIGHT
            return True

    def put(self, frame: Frame, *, entered: bool = False) -> bool:
        """Queue a frame without waiting; returns False after `close`."""
        if self._closed:
            return False
        self._frames.put((frame, entered))
        return True

    def open_when_stalled(self) -> None:
        """Take what is missing to three frames. The vendor's stream holds so many when its results wait for a caller."""
        with self._changed:
            self._shut = self._inside >= IN_FLIGHT
            self._changed.notify_all()

    def _leave(self) -> None:
        with self._changed:
            self._inside -= 1
            if self._shut and self._inside <= self._opens_at:
                self._shut = False
                self._changed.notify_all()

    def _carry(self) -> None:
        while (item := self._frames.get()) is not None and not self._closed:
            frame, entered = item
            BUSY.begin()
            try:
                if self.context.options.statistics:
                    self.context.options.statistics.frame_entered(self.context.stream.name)
                self.downstream(frame)
            finally:
                BUSY.end()
                if entered:
                    self._leave()
            del item, frame  # they hold the last picture, and the next may not come for long

    def close(self) -> None:
        """Drop the queued frames, refuse every waiting sender, and end the thread after its current frame."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._frames.put(None)
        if self._thread.is_alive():
            self._thread.join()
