"""What the CPU runtime can be told that the vendor's engine has no call for."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

FrameObserver = Callable[[str, int, Mapping[str, float]], None]
BatchObserver = Callable[[int, int], None]


@dataclass(frozen=True)
class HostOptions:
    """Options of the CPU runtime.

    `on_frame(stream, unique_id, stages_s)` is called before a result is handed out, with the seconds spent by stage;
    `on_batch(images, padding)` after each run of a model. Both are called on the stream's own threads and must be quick.
    `inference_threads` 0 leaves the number of threads to OpenVINO.
    """

    on_frame: FrameObserver | None = None
    on_batch: BatchObserver | None = None
    inference_threads: int = 0
