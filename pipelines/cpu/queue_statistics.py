"""The queue part of the performance statistics: the fill of every queue, sampled every few milliseconds."""

import logging
import threading
from collections.abc import Callable
from time import monotonic

from pipelines.cpu.statistics_log import StatisticsLog, update_time
from pipelines.sdk_conf import SdkConf

logger = logging.getLogger(__name__)

WARN_EVERY_S = 10.0


class _Queue:
    """One queue; after the end of its stream `level` is None, and only the last report remains."""

    def __init__(self, capacity: int, level: Callable[[], int]) -> None:
        self.capacity = capacity
        self.level: Callable[[], int] | None = level
        self.sizes: list[int] = []
        self.warned_s = -WARN_EVERY_S


class QueueStatistics:
    """Samples every queue each `ps_queue_size_interval_time` and reports after `ps_queue_size_times` samples.

    Its thread starts with the first queue. `conf` may be replaced at any time.
    """

    def __init__(self, conf: SdkConf, log: StatisticsLog) -> None:
        self.conf = conf
        self._log = log
        self._queues: dict[tuple[str, str], _Queue] = {}
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="queue-statistics", daemon=True)

    def register(self, stream: str, element: str, capacity: int, level: Callable[[], int]) -> None:
        """Sample a queue from now on; `level` returns the number of waiting frames."""
        with self._lock:
            self._queues[stream, element] = _Queue(capacity, level)
            if not self._thread.ident and not self._stopping.is_set():
                self._thread.start()

    def release(self, stream: str) -> None:
        """Stop sampling the queues of a stream; the next report includes their samples so far."""
        with self._lock:
            for (name, _), queue in self._queues.items():
                if name == stream:
                    queue.level = None

    def stop(self) -> None:
        """End the thread, with a last report."""
        self._stopping.set()
        with self._lock:
            running = self._thread.is_alive()
        if running:
            self._thread.join()

    def _watch(self) -> None:
        looks = 0
        while not self._stopping.wait(self.conf.ps_queue_size_interval_time / 1000):
            self._look()
            looks += 1
            if looks >= self.conf.ps_queue_size_times:
                self._report(looks)
                looks = 0
        self._report(looks)

    def _look(self) -> None:
        with self._lock:
            levels = [(key, queue, queue.level) for key, queue in self._queues.items() if queue.level]
        for (stream, element), queue, level in levels:
            try:
                queue.sizes.append(level())
            except Exception:
                logger.exception("queue %s of stream %s cannot be sampled", element, stream)
                queue.level = None

    def _report(self, looks: int) -> None:
        with self._lock:
            queues = sorted(self._queues.items())
            self._queues = {key: queue for key, queue in queues if queue.level}
        for (stream, element), queue in queues:
            sizes, queue.sizes = queue.sizes, []
            if sizes:
                self._log.write(
                    {
                        "type": "queueSize",
                        "streamName": stream,
                        "elementName": element,
                        "intervalTime": looks * self.conf.ps_queue_size_interval_time * 1000,
                        "curSize": sizes[-1],
                        "maxSize": max(sizes),
                        "maxSizeBuffers": queue.capacity,
                        "recentSize": sizes,
                        "updateTime": update_time(),
                    }
                )
                self._warn_of(stream, element, queue, max(sizes))

    def _warn_of(self, stream: str, element: str, queue: _Queue, size: int) -> None:
        limit = max(queue.capacity * self.conf.ps_queue_size_warn_percent // 100, 1)
        if size >= limit and monotonic() - queue.warned_s >= WARN_EVERY_S:
            queue.warned_s = monotonic()
            logger.warning("queue %s of stream %s held %d of %d frames", element, stream, size, queue.capacity)
