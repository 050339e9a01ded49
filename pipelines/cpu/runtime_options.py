"""Options of the CPU runtime that have no counterpart in the vendor's calls."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from models.artifact_precision import Precision
from pipelines.cpu.statistics import PerformanceStatistics
from pipelines.reduction import Decode
from pipelines.sdk_conf import SdkConf

logger = logging.getLogger(__name__)

FrameObserver = Callable[[str, int, Mapping[str, float]], None]
ResultObserver = Callable[[str, int], None]
BatchObserver = Callable[[int, int], None]


@dataclass(frozen=True)
class CpuOptions:
    """Options of the CPU runtime.

    `on_frame(stream, unique_id, stages_s)` is called before a result can be fetched, with the seconds per stage;
    `on_result(stream, unique_id)` when the result can be fetched by its id; `on_batch(images, padding)` after each run of a model.
    They run on the stream's own threads and must be quick.
    If one raises, the runtime logs the error and the frame continues.
    `strict` copies the vendor's dangerous behaviour; without it the runtime is safer. With `race` too, two sends by unique id at once on
    one stream raise: the vendor's engine counts ids without a lock, although no id was seen twice.
    `early_room` lets a send by unique id wait for one of a source's three places, not for all; a driver that keeps streams full is faster
    with it. `strict` ignores it.
    `decode` "reduced" decodes large JPEGs at a half, a quarter or an eighth of their sides (pipelines/reduction.py). It raises ValueError
    with `strict`, since the vendor's engine decodes them whole.
    `refuse_damaged` fails a picture whose decoder wrote a warning; the vendor's engine uses the damaged picture.
    `sdk_conf` is the vendor's configuration file. Its settings of performance statistics apply. The files go below `home`
    (None: the user's home).
    `statistics` is the object that InitManager makes from it.
    `inference_threads` 0 lets OpenVINO choose the number of threads.
    `precision` is that of inference. The file of an int8 model has its own; the rest of it runs in float32. The vendor's engine has no
    such choice, so `strict` allows only f32: raises ValueError.
    `compile_cache` is a folder that keeps compiled models (pipelines/cpu/compile_cache.py); None: nothing is kept.
    `latency` compiles each model once more, so that all cores infer a picture that is alone. `strict` ignores it: the answers are the same.
    """

    on_frame: FrameObserver | None = None
    on_result: ResultObserver | None = None
    on_batch: BatchObserver | None = None
    inference_threads: int = 0
    precision: Precision = "f32"
    strict: bool = False
    race: bool = False
    early_room: bool = False
    refuse_damaged: bool = False
    decode: Decode = "exact"
    sdk_conf: Path | None = None
    home: Path | None = None
    statistics: PerformanceStatistics | None = None
    latency: bool = False
    compile_cache: Path | None = None

    def __post_init__(self) -> None:
        """Check that the options go together."""
        if self.strict and self.precision != "f32":
            raise ValueError(f"strict copies the vendor's engine, which has no precision {self.precision}")
        if self.strict and self.decode != "exact":
            raise ValueError("strict copies the vendor's engine, which has no reduced decode")

    def as_config(self) -> dict[str, object]:
        """The options without observers, in JSON types, as `open_observed` takes them."""
        names = ("inference_threads", "precision", "strict", "race", "early_room", "refuse_damaged", "decode", "latency")
        paths = {name: str(path) if (path := getattr(self, name)) else None for name in ("sdk_conf", "compile_cache")}
        return {name: getattr(self, name) for name in names} | paths

    def with_statistics(self) -> Self:
        """These options with running statistics if `sdk_conf` turns them on; an unreadable file gives only a warning."""
        if self.sdk_conf is None or self.statistics:
            return self
        try:
            conf = SdkConf.read(self.sdk_conf)
        except (OSError, ValueError) as error:
            logger.warning("%s cannot be read: %s", self.sdk_conf, error)
            return self
        if not conf.enable_ps:
            return self
        statistics = PerformanceStatistics(conf, self.home or Path.home(), self.sdk_conf)
        statistics.start()
        return replace(self, statistics=statistics)

    def frame_done(self, stream: str, unique_id: int, stages_s: Mapping[str, float]) -> None:
        """Call `on_frame`."""
        if self.on_frame:
            try:
                self.on_frame(stream, unique_id, stages_s)
            except Exception:
                logger.exception("on_frame failed for frame %d of stream %s", unique_id, stream)

    def result_ready(self, stream: str, unique_id: int) -> None:
        """Call `on_result`."""
        if self.on_result:
            try:
                self.on_result(stream, unique_id)
            except Exception:
                logger.exception("on_result failed for frame %d of stream %s", unique_id, stream)

    def batch_done(self, images: int, padding: int) -> None:
        """Call `on_batch`."""
        if self.on_batch:
            try:
                self.on_batch(images, padding)
            except Exception:
                logger.exception("on_batch failed")
