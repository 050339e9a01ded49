"""What the CPU runtime can be told that the vendor's engine has no call for."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

logger = logging.getLogger(__name__)

FrameObserver = Callable[[str, int, Mapping[str, float]], None]
BatchObserver = Callable[[int, int], None]


@dataclass(frozen=True)
class HostOptions:
    """Options of the CPU runtime.

    `on_frame(stream, unique_id, stages_s)` is called before a result is handed out, with the seconds spent by stage;
    `on_batch(images, padding)` after each run of a model. Both are called on the stream's own threads and must be quick.
    One that raises is logged and costs no frame.
    `inference_threads` 0 leaves the number of threads to OpenVINO.
    """

    on_frame: FrameObserver | None = None
    on_batch: BatchObserver | None = None
    inference_threads: int = 0

    def frame_done(self, stream: str, unique_id: int, stages_s: Mapping[str, float]) -> None:
        """Tell `on_frame`."""
        if self.on_frame:
            try:
                self.on_frame(stream, unique_id, stages_s)
            except Exception:
                logger.exception("on_frame failed for frame %d of stream %s", unique_id, stream)

    def batch_done(self, images: int, padding: int) -> None:
        """Tell `on_batch`."""
        if self.on_batch:
            try:
                self.on_batch(images, padding)
            except Exception:
                logger.exception("on_batch failed")
