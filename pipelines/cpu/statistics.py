"""Performance statistics as in the vendor's engine with `enable_ps`: reports of times, throughput and queues."""

import logging
import threading
from collections import deque
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from time import monotonic, perf_counter

import numpy as np

from pipelines.cpu.queue_statistics import QueueStatistics
from pipelines.cpu.statistics_log import StatisticsLog, update_time
from pipelines.sdk_conf import SdkConf

logger = logging.getLogger(__name__)

MAX_STARTS = 1000  # start times kept per stream; the oldest is dropped first
MB = 1024 * 1024


class Kind(StrEnum):
    """The timed parts of an element, in the order of the reports."""

    PLUGIN = "plugin"
    MODEL_INFERENCE = "modelInference"


class _Times:
    """Durations since the last report. `begun`: there was one, so that it is reported from now on, also while idle."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.begun = False
        self._reset()

    def _reset(self) -> None:
        self._count = self._total_us = self._max_us = 0
        self._min_us: int | None = None

    def add(self, elapsed_s: float) -> None:
        elapsed_us = int(elapsed_s * 1e6)
        with self._lock:
            self.begun = True
            self._count += 1
            self._total_us += elapsed_us
            self._max_us = max(self._max_us, elapsed_us)
            self._min_us = elapsed_us if self._min_us is None else min(self._min_us, elapsed_us)

    def take(self) -> dict[str, object]:
        with self._lock:
            count, total_us, max_us, min_us = self._count, self._total_us, self._max_us, self._min_us or 0
            self._reset()
        numbers = {
            "average": total_us // count if count else 0,
            "frequency": count,
            "maxTime": max_us,
            "minTime": min_us,
            "totalTime": total_us,
        }
        return {**{name: str(number) for name, number in numbers.items()}, "updateTime": update_time()}


class _Stream:
    """A stream from end to end. A frame that leaves ends the time of the oldest frame inside, as with the vendor."""

    def __init__(self) -> None:
        self.closed = self.begun = False
        self.times = _Times()
        self._lock = threading.Lock()
        self._starts_s: deque[float] = deque(maxlen=MAX_STARTS)
        self._left = 0

    def reopen(self) -> None:
        with self._lock:
            self.closed = False
            self._starts_s.clear()

    def enter(self, now_s: float) -> None:
        with self._lock:
            self._starts_s.append(now_s)

    def leave(self, now_s: float) -> None:
        with self._lock:
            self._left += 1
            self.begun = True
            started_s = self._starts_s.popleft() if self._starts_s else None
        if started_s is not None:
            self.times.add(now_s - started_s)

    def take_left(self) -> int:
        with self._lock:
            left, self._left = self._left, 0
        return left


class _Plugin:
    """An element. Reports every registered kind, even without a measurement."""

    def __init__(self, factory: str) -> None:
        self.factory = factory
        self.times: dict[Kind, _Times] = {}


class PerformanceStatistics:
    """Counts for every stream of a process and writes the vendor's four kinds of files, from `start` to `stop`.

    Any thread may call any method. A row is written from the first interval on that had a frame. A relative `ps_log_dir` lies below `home`.
    If `conf_path` is given, it is read again after each report, as the vendor does.
    """

    def __init__(self, conf: SdkConf, home: Path, conf_path: Path | None = None) -> None:
        self._conf, self._conf_path = conf, conf_path
        self._lock = threading.Lock()  # protects the two tables, not the objects in them
        self._streams: dict[str, _Stream] = {}
        self._plugins: dict[tuple[str, str], _Plugin] = {}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._report_regularly, name="statistics", daemon=True)
        self._logs = {
            kind: StatisticsLog(conf.log_folder(home), conf.ps_log_filename, kind, conf.ps_max_log_size * MB)
            for kind in ("e2e", "plugin", "tpr", "queue")
        }
        self._queues = QueueStatistics(conf, self._logs["queue"])

    def stream_opened(self, stream: str) -> None:
        """Report this stream from its first frame on, also while it is idle; forget the frames of an earlier stream of that name."""
        self._stream(stream).reopen()

    def stream_closed(self, stream: str) -> None:
        """Report this stream one last time, in the next report. Call this when all its threads have ended."""
        self._queues.release(stream)
        self._stream(stream).closed = True

    def plugin_registered(self, stream: str, element: str, factory: str, *kinds: Kind) -> None:
        """Report this element from its first frame on, also while it is idle; the kind `plugin` is always included."""
        for kind in (Kind.PLUGIN, *kinds):
            self._times(stream, element, factory, kind)

    def queue_registered(self, stream: str, element: str, capacity: int, level: Callable[[], int]) -> None:
        """Sample a queue from now on; `level` returns the number of waiting frames and must be quick."""
        self._queues.register(stream, element, capacity, level)

    def frame_entered(self, stream: str) -> None:
        """Record that a frame leaves the source for the first element."""
        self._stream(stream).enter(perf_counter())

    def frame_left(self, stream: str) -> None:
        """Record that a frame, failed or not, reaches the sink: one end-to-end time and one frame of throughput."""
        self._stream(stream).leave(perf_counter())

    def plugin_done(self, stream: str, element: str, factory: str, kind: Kind, elapsed_s: float) -> None:
        """Record the working time of an element, without the time of the elements after it."""
        self._times(stream, element, factory, kind).add(elapsed_s)

    def _stream(self, stream: str) -> _Stream:
        found = self._streams.get(stream)
        if found is None:
            with self._lock:
                found = self._streams.setdefault(stream, _Stream())
        return found

    def _times(self, stream: str, element: str, factory: str, kind: Kind) -> _Times:
        plugin = self._plugins.get((stream, element))
        found = plugin.times.get(kind) if plugin else None
        if found is None:
            with self._lock:
                plugin = self._plugins.setdefault((stream, element), _Plugin(factory))
                found = plugin.times.setdefault(kind, _Times())
        return found

    def start(self) -> None:
        """Start to report."""
        self._thread.start()

    def stop(self) -> None:
        """Report everything since the last report, and close the files."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()
        self._queues.stop()
        for log in self._logs.values():
            log.close()

    def _report_regularly(self) -> None:
        began_s = monotonic()
        while not self._stopping.wait(self._conf.ps_interval_time):
            self._report(self._conf.ps_interval_time)
            self._read_again()
            began_s = monotonic()
        self._report(monotonic() - began_s)  # the vendor divides by the whole interval here, so its rate is too low

    def _report(self, interval_s: float) -> None:
        with self._lock:
            streams, plugins = sorted(self._streams.items()), sorted(self._plugins.items())
            closed = {name for name, stream in streams if stream.closed}
            self._streams = {name: stream for name, stream in streams if name not in closed}
            self._plugins = {key: plugin for key, plugin in plugins if key[0] not in closed}
        for name, stream in streams:
            if stream.times.begun:
                self._logs["e2e"].write({"type": "e2e", "streamName": name, **stream.times.take()})
        for (name, element), plugin in plugins:
            about = {"streamName": name, "elementName": element, "factory": plugin.factory}
            for kind in Kind:
                if (times := plugin.times.get(kind)) and times.begun:
                    self._logs["plugin"].write({"type": kind.value, **about, **times.take()})
        for name, stream in streams:
            if stream.begun:
                self._logs["tpr"].write({"type": "throughputRate", "streamName": name, **_throughput(stream.take_left(), interval_s)})

    def _read_again(self) -> None:
        if self._conf_path is None:
            return
        try:
            conf = SdkConf.read(self._conf_path)
        except (OSError, ValueError) as error:
            logger.warning("%s is not read again: %s", self._conf_path, error)
            return
        self._conf = self._queues.conf = conf
        for log in self._logs.values():
            log.max_bytes = conf.ps_max_log_size * MB


def _throughput(frames: int, interval_s: float) -> dict[str, object]:
    rate = np.float32(frames) / np.float32(interval_s) if interval_s > 0 else 0  # the vendor calculates with float
    return {"throughput": frames, "throughputRate": float(rate), "updateTime": update_time()}
