"""The report of a folder: what both runtimes and older SDKs left in it, as tables and as JSON."""

import json
from pathlib import Path

import pytest

from pipelines.cpu.statistics import Kind, PerformanceStatistics
from pipelines.pipeline_errors import StatisticsMissing
from pipelines.sdk_conf import SdkConf
from pipelines.statistics_report import BatchSummary, EndToEnd, Plugin, QueueSummary, ThroughputSummary, read_report

# Lines of the vendor's documentation, cut to the keys that matter here.
OLD = {
    "performance—statistics.log.e2e.20210329-183958.877032": (
        '{"average":"45138","frequency":"3","maxTime":"73058","minTime":"30511","streamName":"c","totalTime":"135414",'
        '"type":"e2e","updateTime":"2021-03-29 20:13:59.717927"}\n{"average":"451'
    ),
    "performance—statistics.log.plugin.20210329-183958.877905": (
        '{"average":"18546","elementName":"mxpi_modelinfer0","factory":"mxpi_modelinfer","frequency":"3","maxTime":"18608",'
        '"minTime":"18493","streamName":"c","totalTime":"55638","type":"plugin","updateTime":"2021-03-29 20:13:59.720010"}\n'
    ),
    "performance-statistics.log.tpr.2022-06-24 17:46:55": (
        '{"streamName":"c","throughput":3,"throughputRate":0.5,"type":"throughputRate","updateTime":"2021-03-29 20:13:59.721819"}\n'
    ),
    "performance-statistics.log.queue.python3.11.77.2025-06-24 17:46:55": (
        '{"curSize":0,"elementName":"queue0","intervalTime":200000,"maxSize":8,"maxSizeBuffers":200,"recentSize":[0,8,0,0],'
        '"streamName":"c","type":"queueSize","updateTime":"2021-03-29 20:14:45.953312"}'  # cut off behind the line: still a line
    ),
    "mxsdk.log.python.77": "not statistics\n",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in OLD.items():
        (tmp_path / name).write_text(text, "utf-8")
    (tmp_path / "a.e2e.folder").mkdir()
    return tmp_path


def test_old_and_new_names_and_cut_off_lines(folder: Path) -> None:
    report = read_report(folder)
    assert (report.files, report.skipped_lines) == (4, 1)
    assert (report.first_update, report.last_update) == ("2021-03-29 20:13:59.717927", "2021-03-29 20:14:45.953312")
    assert report.e2e == (EndToEnd("c", 3, 45.138, 73.058, 30.511),)
    assert report.plugins == (Plugin("c", "mxpi_modelinfer0", "mxpi_modelinfer", "plugin", 3, 18.546, 18.608, 18.493, 55638 / 135414),)
    assert report.throughput == (ThroughputSummary("c", 3, 1, 1, 0.5, 0.5),)
    assert report.queues == (QueueSummary("c", "queue0", 200, 4, 2.0, 8, 0.01, 0.04),)


def test_the_tables_are_aligned(folder: Path) -> None:
    assert read_report(folder).as_text().splitlines() == [
        "4 files, 2021-03-29 20:13:59.717927 to 2021-03-29 20:14:45.953312 (UTC+8); 1 lines are damaged or cut off and were skipped",
        "",
        "End to end",
        "  stream  count  mean_ms  max_ms  min_ms",
        "  c           3    45.14   73.06   30.51",
        "",
        "Plugins",
        "  stream  element           factory          type    count  mean_ms  max_ms  min_ms  share",
        "  c       mxpi_modelinfer0  mxpi_modelinfer  plugin      3    18.55   18.61   18.49  41.1%",
        "",
        "ThroughputSummary",
        "  stream  frames  intervals  busy  mean_per_s  max_per_s",
        "  c            3          1     1        0.50       0.50",
        "",
        "Queues",
        "  stream  element  capacity  looks  mean_frames  max_frames  mean_fill  max_fill",
        "  c       queue0        200      4         2.00           8       1.0%      4.0%",
    ]


def test_json_holds_the_same(folder: Path) -> None:
    told = json.loads(read_report(folder).as_json())
    assert told["e2e"] == [{"stream": "c", "count": 3, "mean_ms": 45.138, "max_ms": 73.058, "min_ms": 30.511}]
    assert (told["files"], told["plugins"][0]["factory"], told["queues"][0]["max_frames"]) == (4, "mxpi_modelinfer", 8)


def test_what_the_cpu_runtime_writes_is_read(tmp_path: Path) -> None:
    statistics = PerformanceStatistics(SdkConf(), tmp_path)
    statistics.start()
    for stream in ("a", "b"):
        statistics.stream_opened(stream)
        statistics.frame_entered(stream)
        statistics.plugin_done(stream, "quick0", "mxpi_x", Kind.PLUGIN, 0.004)
        statistics.plugin_done(stream, "slow0", "mxpi_x", Kind.PLUGIN, 0.010)
        statistics.frame_left(stream)
    statistics.stream_opened("idle")
    statistics.plugin_registered("idle", "quick0", "mxpi_x")
    statistics.plugin_done("lost", "quick0", "mxpi_x", Kind.PLUGIN, 0.0)  # its frame does not come out
    statistics.stop()
    report = read_report(SdkConf().log_folder(tmp_path))
    assert [(row.stream, row.count) for row in report.e2e] == [("a", 1), ("b", 1)]
    assert [(row.element, row.mean_ms) for row in report.plugins] == [*[("slow0", 10.0), ("quick0", 4.0)] * 2, ("quick0", 0.0)]
    assert report.plugins[-1].share is None
    assert [(row.frames, row.intervals, row.busy) for row in report.throughput] == [(1, 1, 1), (1, 1, 1)]
    assert report.queues == ()
    assert "Queues" not in report.as_text()


def test_chips_and_their_batches_are_told_apart(tmp_path: Path) -> None:
    statistics = PerformanceStatistics(SdkConf(), tmp_path)
    statistics.start()
    for stream, runs in (("chip0_classify0", (4, 2)), ("chip1_classify0", (1,))):
        statistics.stream_opened(stream)
        for frames in runs:
            for _ in range(frames):
                statistics.frame_entered(stream)
            statistics.plugin_done(stream, "mxpi_tensorinfer0", "mxpi_tensorinfer", Kind.MODEL_INFERENCE, 0.01)
            for _ in range(frames):
                statistics.frame_left(stream)
    statistics.stop()
    report = read_report(SdkConf().log_folder(tmp_path))
    assert report.batches == (
        BatchSummary("chip0_classify0", "mxpi_tensorinfer0", 2, 6, 3.0),
        BatchSummary("chip1_classify0", "mxpi_tensorinfer0", 1, 1, 1.0),
    )
    assert "\nBatches\n" in report.as_text()


def test_a_terminal_is_sent_nothing_but_text(tmp_path: Path) -> None:
    text = OLD["performance-statistics.log.tpr.2022-06-24 17:46:55"].replace('"c"', r'"\u001b[31m"')
    (tmp_path / "s.log.tpr.x").write_text(text)
    assert "?[31m" in read_report(tmp_path).as_text()


@pytest.mark.parametrize(("name", "text"), [("notes.txt", "x"), ("s.log.e2e.x", ""), ("s.log.e2e.x", "damaged\n")])
def test_a_folder_without_statistics_is_refused(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(StatisticsMissing, match="enable_ps"):
        read_report(tmp_path)
    with pytest.raises(StatisticsMissing, match="not a folder"):
        read_report(tmp_path / name)
