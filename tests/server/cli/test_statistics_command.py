"""`ascend-classify stats`, run as a user runs it."""

import json
from pathlib import Path

from pipelines.cpu.statistics import Kind, PerformanceStatistics
from pipelines.sdk_conf import SdkConf
from tests.server.cli.command import run


def test_stats_prints_tables_and_json(tmp_path: Path) -> None:
    statistics = PerformanceStatistics(SdkConf(), tmp_path)
    statistics.start()
    statistics.frame_entered("classify")
    statistics.plugin_done("classify", "mxpi_tensorinfer0", "mxpi_tensorinfer", Kind.MODEL_INFERENCE, 0.0125)
    statistics.frame_left("classify")
    statistics.stop()
    folder = SdkConf().log_folder(tmp_path)
    done = run("stats", folder)
    assert (done.returncode, done.stderr) == (0, "")
    row = next(line.split() for line in done.stdout.splitlines() if "modelInference" in line)
    assert row[:7] == ["classify", "mxpi_tensorinfer0", "mxpi_tensorinfer", "modelInference", "1", "12.50", "12.50"]
    told = json.loads(run("stats", folder, "--json").stdout)
    assert (told["files"], told["plugins"][0]["mean_ms"], told["throughput"][0]["frames"]) == (3, 12.5, 1)


def test_a_folder_without_statistics_is_one_line_and_status_1(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "none"):
        done = run("stats", folder)
        assert (done.returncode, done.stdout) == (1, "")
        (line,) = done.stderr.splitlines()
        assert line.startswith(f"error: {folder} ")
        assert line.endswith("[statistics_missing]")
