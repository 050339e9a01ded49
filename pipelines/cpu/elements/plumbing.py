"""The stock GStreamer elements that carry frames without reading them: queue, tee, identity, fakesink."""

import threading
from collections import deque
from dataclasses import replace

from pipelines.cpu.busy_threads import BUSY
from pipelines.cpu.elements.element import Element, ElementContext, Push
from pipelines.cpu.elements.frame import Frame


class Queue(Element):
    """A thread boundary: holds up to `max-size-buffers` frames and passes them on from its own thread."""

    factory = "queue"
    stage = "queue"

    def __init__(self, context: ElementContext) -> None:
        super().__init__(context)
        self._capacity = self.integer("max-size-buffers")  # 0: no limit
        self._leaky = str(context.spec.props.get("leaky", "0"))
        self._frames: deque[Frame] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._carry, name=f"{context.stream.name}-{self.name}", daemon=True)
        self._thread.start()
        if context.options.statistics:
            context.options.statistics.queue_registered(context.stream.name, self.name, self._capacity, self.__len__)

    @property
    def full(self) -> bool:
        """Whether the queue is full, so that the next frame has to wait."""
        return bool(self._capacity) and len(self._frames) >= self._capacity

    def __len__(self) -> int:
        return len(self._frames)

    def push(self, frame: Frame) -> None:
        """Queue a frame. A full queue makes the sender wait, or drops the newest frame (leaky 1) or the oldest (leaky 2)."""
        with self._changed:
            if self.full and self._leaky in ("1", "upstream"):
                return
            if self.full and self._leaky in ("2", "downstream"):
                self._frames.popleft()
            self._changed.wait_for(lambda: self._closed or not self.full)
            self._frames.append(frame)
            self._changed.notify_all()

    def _carry(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closed or self._frames)
                if self._closed:
                    return
                frame = self._frames.popleft()
                self._changed.notify_all()
            BUSY.begin()
            try:
                self.downstream(frame)
            finally:
                BUSY.end()
            del frame  # it holds the last picture, and the next may not come for long

    def release(self) -> None:
        """Let a sender go on that waits for room."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def close(self) -> None:
        """End the thread and drop the queued frames."""
        self.release()
        self._thread.join()


class Identity(Element):
    """Passes every frame on."""

    factory = "identity"
    stage = "identity"

    def push(self, frame: Frame) -> None:
        """Pass it on."""
        self.downstream(frame)


class Tee(Element):
    """Passes every frame on to several elements, one after the other, each with its own metadata."""

    factory = "tee"
    stage = "tee"

    def __init__(self, context: ElementContext) -> None:
        super().__init__(context)
        self.branches: list[Push] = []

    def push(self, frame: Frame) -> None:
        """Give every branch a frame that shares the image and the results so far."""
        for branch in self.branches:
            branch(replace(frame, metadata=dict(frame.metadata), errors=dict(frame.errors), stages_s=dict(frame.stages_s)))


class FakeSink(Element):
    """The end of a branch without a reader."""

    factory = "fakesink"
    stage = "fakesink"

    def push(self, frame: Frame) -> None:  # noqa: ARG002 - the frame ends here
        """Drop the frame."""
        if self.context.options.statistics:
            self.context.options.statistics.frame_left(self.context.stream.name)
