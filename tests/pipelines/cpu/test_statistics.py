"""The reports: what the vendor's four kinds of lines say after known calls."""

import json
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines.cpu.statistics import MAX_STARTS, Kind, PerformanceStatistics
from pipelines.sdk_conf import SdkConf

CONF = SdkConf(enable_ps=True, ps_interval_time=3600)
TIMES = {"average", "frequency", "maxTime", "minTime", "totalTime", "updateTime"}

Line = dict[str, object]


def lines(home: Path, kind: str) -> list[Line]:
    files = sorted((home / "log" / "mindxsdk" / "logs").glob(f"performance-statistics.log.{kind}.*"))
    return [json.loads(line) for file in files for line in file.read_text("utf-8").splitlines()]


def numbers(line: Line) -> list[int]:
    """Count, average, maximum, minimum, total; each is written as a text."""
    texts = [line[key] for key in ("frequency", "average", "maxTime", "minTime", "totalTime")]
    assert all(isinstance(text, str) for text in texts)
    return [int(str(text)) for text in texts]


@pytest.fixture
def run(tmp_path: Path) -> Callable[[Callable[[PerformanceStatistics], None]], Path]:
    """Keeps statistics while the calls are made, and flushes them."""

    def keep(calls: Callable[[PerformanceStatistics], None]) -> Path:
        statistics = PerformanceStatistics(CONF, tmp_path)
        statistics.start()
        calls(statistics)
        statistics.stop()
        return tmp_path

    return keep


Run = Callable[[Callable[[PerformanceStatistics], None]], Path]


def test_the_times_of_an_element_are_microseconds_as_texts(run: Run) -> None:
    def calls(statistics: PerformanceStatistics) -> None:
        for elapsed_s in (0.000_010, 0.000_031, 0.000_020_9):
            statistics.plugin_done("classify", "mxpi_tensorinfer0", "mxpi_tensorinfer", Kind.PLUGIN, elapsed_s)
        statistics.plugin_done("classify", "mxpi_tensorinfer0", "mxpi_tensorinfer", Kind.MODEL_INFERENCE, 1.5)

    plugin, inference = lines(run(calls), "plugin")
    assert plugin.keys() == {"type", "streamName", "elementName", "factory"} | TIMES
    assert list(plugin) == sorted(plugin)
    assert (plugin["type"], inference["type"]) == ("plugin", "modelInference")
    assert (plugin["streamName"], plugin["elementName"], plugin["factory"]) == ("classify", "mxpi_tensorinfer0", "mxpi_tensorinfer")
    assert numbers(plugin) == [3, 20, 31, 10, 61]
    assert numbers(inference) == [1, 1_500_000, 1_500_000, 1_500_000, 1_500_000]


def test_the_first_to_leave_ends_the_first_that_entered(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipelines.cpu.statistics.perf_counter", iter([1.0, 1.5, 2.0, 2.25, 9.0]).__next__)

    def calls(statistics: PerformanceStatistics) -> None:
        statistics.frame_entered("a")
        statistics.frame_entered("a")
        statistics.frame_left("a")
        statistics.frame_left("a")
        statistics.frame_left("a")  # nothing is left to match: only the throughput counts it

    home = run(calls)
    (end_to_end,) = lines(home, "e2e")
    assert (end_to_end["type"], end_to_end["streamName"]) == ("e2e", "a")
    assert numbers(end_to_end) == [2, 875_000, 1_000_000, 750_000, 1_750_000]
    (throughput,) = lines(home, "tpr")
    assert throughput.keys() == {"type", "streamName", "throughput", "throughputRate", "updateTime"}
    assert (throughput["type"], throughput["throughput"]) == ("throughputRate", 3)
    assert isinstance(throughput["throughputRate"], float)


def test_rows_begin_with_the_first_frame_and_an_idle_stream_has_zeros_until_it_has_closed(run: Run) -> None:
    def calls(statistics: PerformanceStatistics) -> None:
        for name in "ba":
            statistics.stream_opened(name)
            statistics.plugin_registered(name, "x0", "mxpi_x", Kind.MODEL_INFERENCE)
        statistics._report(10.0)
        statistics.frame_entered("b")
        statistics.plugin_done("b", "x0", "mxpi_x", Kind.PLUGIN, 0.0)
        statistics.frame_left("b")
        statistics._report(10.0)
        statistics.frame_entered("a")
        statistics._report(10.0)
        statistics.stream_closed("b")
        statistics._report(10.0)

    home = run(calls)
    assert [(line["streamName"], numbers(line)[0]) for line in lines(home, "e2e")] == [("b", 1), ("b", 0), ("b", 0)]
    assert [(line["type"], numbers(line)[0]) for line in lines(home, "plugin")] == [("plugin", 1), ("plugin", 0), ("plugin", 0)]
    assert [(line["streamName"], line["throughput"]) for line in lines(home, "tpr")] == [("b", 1), ("b", 0), ("b", 0)]


def test_a_report_begins_anew_and_the_rate_is_over_the_interval(run: Run) -> None:
    def calls(statistics: PerformanceStatistics) -> None:
        for count, interval_s in ((3, 6), (1, 6)):
            for _ in range(count):
                statistics.frame_entered("a")
                statistics.frame_left("a")
            statistics._report(interval_s)

    home = run(calls)
    assert [(line["throughput"], line["throughputRate"]) for line in lines(home, "tpr")][:2] == [(3, 0.5), (1, 0.1666666716337204)]
    assert [numbers(line)[0] for line in lines(home, "e2e")] == [3, 1, 0]


def test_start_times_are_bounded_and_do_not_outlive_their_stream(run: Run) -> None:
    def calls(statistics: PerformanceStatistics) -> None:
        for _ in range(MAX_STARTS + 5):
            statistics.frame_entered("a")
        for _ in range(MAX_STARTS + 5):
            statistics.frame_left("a")
        statistics.frame_entered("b")
        statistics.stream_closed("b")
        statistics.stream_opened("b")
        statistics.frame_left("b")

    home = run(calls)
    assert [numbers(line)[0] for line in lines(home, "e2e")] == [MAX_STARTS]  # nothing of "b" was measured
    assert [line["throughput"] for line in lines(home, "tpr")] == [MAX_STARTS + 5, 1]


def test_many_threads_lose_nothing(run: Run) -> None:
    def calls(statistics: PerformanceStatistics) -> None:
        def work() -> None:
            for _ in range(500):
                statistics.frame_entered("a")
                statistics.plugin_done("a", "x0", "mxpi_x", Kind.PLUGIN, 0.001)
                statistics.frame_left("a")

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    home = run(calls)
    assert numbers(lines(home, "plugin")[0]) == [2000, 1000, 1000, 1000, 2_000_000]
    assert numbers(lines(home, "e2e")[0])[0] == 2000
    assert lines(home, "tpr")[0]["throughput"] == 2000


def test_the_interval_is_read_again_while_it_runs(tmp_path: Path) -> None:
    path = tmp_path / "sdk.conf"
    path.write_text(SdkConf(enable_ps=True, ps_interval_time=1, ps_log_dir="logs").render())
    statistics = PerformanceStatistics(SdkConf.read(path), tmp_path, path)
    statistics.frame_entered("a")
    statistics.frame_left("a")
    path.write_text(SdkConf(ps_interval_time=77, ps_max_log_size=2, ps_log_dir="elsewhere").render())
    statistics._read_again()
    assert (statistics._conf.ps_interval_time, statistics._queues.conf.ps_interval_time) == (77, 77)
    assert {log.max_bytes for log in statistics._logs.values()} == {2 * 1024 * 1024}
    path.unlink()
    statistics._read_again()
    assert statistics._conf.ps_interval_time == 77
    statistics.start()
    statistics.stop()
    assert len(lines(tmp_path, "e2e")) == 1


def test_without_a_stream_there_is_no_file(run: Run) -> None:
    assert not (run(lambda _: None) / "log").exists()
