"""Queues, looked at by a thread: what is reported, warned of and forgotten."""

import json
import threading
from pathlib import Path

import pytest

from pipelines.cpu.queue_statistics import QueueStatistics
from pipelines.cpu.statistics_log import StatisticsLog
from pipelines.sdk_conf import SdkConf

QUICK = SdkConf(ps_queue_size_interval_time=10, ps_queue_size_times=4)


class Levels:
    """A queue whose level rises with every look; says when it has been looked at so often."""

    def __init__(self, looks: int) -> None:
        self.seen, self._looks, self.done = 0, looks, threading.Event()

    def __call__(self) -> int:
        self.seen += 1
        if self.seen == self._looks:
            self.done.set()
        return self.seen


def lines(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for path in sorted(folder.iterdir()) for line in path.read_text().splitlines()]


def statistics(folder: Path, conf: SdkConf = QUICK) -> QueueStatistics:
    return QueueStatistics(conf, StatisticsLog(folder, "s.log", "queue", 1 << 20))


def test_a_report_holds_the_recent_sizes_the_oldest_first(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    queues, levels = statistics(tmp_path), Levels(6)
    queues.register("classify", "queue0", 200, levels)
    assert levels.done.wait(10)
    queues.stop()
    first, *_, last = lines(tmp_path)
    assert first.pop("updateTime")
    assert first == {
        "type": "queueSize",
        "streamName": "classify",
        "elementName": "queue0",
        "intervalTime": 40_000,  # µs: 4 looks, 10 ms apart
        "curSize": 4,
        "maxSize": 4,
        "maxSizeBuffers": 200,
        "recentSize": [1, 2, 3, 4],
    }
    assert last["curSize"] == levels.seen  # what is left is reported at the end
    assert not caplog.records


def test_a_full_queue_is_warned_of_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    queues, levels = statistics(tmp_path), Levels(13)
    queues.register("classify", "queue0", 3, levels)
    assert levels.done.wait(10)
    queues.stop()
    assert len(caplog.records) == 1
    assert "queue queue0 of stream classify held 4 of 3 frames" in caplog.text


def test_a_released_queue_is_reported_once_more_and_a_broken_one_no_longer(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    def broken() -> int:
        raise RuntimeError("gone")

    seldom = SdkConf(ps_queue_size_interval_time=10, ps_queue_size_times=1000)
    queues, levels, going_on = statistics(tmp_path, seldom), Levels(2), Levels(3)
    queues.register("a", "queue0", 200, levels)
    queues.register("b", "queue0", 200, broken)
    assert levels.done.wait(10)
    queues.release("a")
    queues.register("c", "queue0", 200, going_on)
    assert going_on.done.wait(10)
    queues.stop()
    assert [line["streamName"] for line in lines(tmp_path)] == ["a", "c"]
    assert len(caplog.records) == 1


def test_without_a_queue_there_is_no_thread_and_no_file(tmp_path: Path) -> None:
    queues = statistics(tmp_path)
    queues.stop()
    assert list(tmp_path.iterdir()) == []
