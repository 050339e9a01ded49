"""The files of the statistics: names, modes, rotation, and that nothing is ever raised."""

import json
import os
import re
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipelines.cpu.statistics_log import KEPT_FILES, StatisticsLog, process_name, time_text, update_time

TIME = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_times_are_those_of_china() -> None:
    assert time_text(datetime(2025, 12, 31, 17, 5, 9, tzinfo=UTC)) == "2026-01-01 01:05:09"
    assert re.fullmatch(TIME + r"\.\d{6}", update_time())


def test_a_file_bears_kind_process_and_time_and_is_read_only_when_closed(tmp_path: Path) -> None:
    log = StatisticsLog(tmp_path / "log" / "logs", "performance-statistics.log", "e2e", max_bytes=1 << 20)
    assert not (tmp_path / "log").exists()  # no file before the first line
    log.write({"streamName": "é", "average": "1"})
    log.write({"a": 2})
    (path,) = (tmp_path / "log" / "logs").iterdir()
    expected = rf"performance-statistics\.log\.e2e\.{re.escape(process_name())}\.{os.getpid()}\.{TIME}"
    assert re.fullmatch(expected, path.name)
    assert path.read_bytes() == '{"average":"1","streamName":"é"}\n{"a":2}\n'.encode()  # compact, keys sorted
    assert (mode(path.parent), mode(path)) == (0o750, 0o640)
    log.close()
    assert mode(path) == 0o440


def test_a_full_file_is_closed_and_what_comes_within_the_same_second_is_not_lost(tmp_path: Path) -> None:
    log = StatisticsLog(tmp_path, "s.log", "queue", max_bytes=30)
    for number in range(9):
        log.write({"number": number})
    log.close()
    lines = [json.loads(line) for path in sorted(tmp_path.iterdir()) for line in path.read_text().splitlines()]
    assert lines == [{"number": number} for number in range(9)]
    assert {mode(path) for path in tmp_path.iterdir()} == {0o440}


def test_only_the_newest_files_of_the_process_are_kept(tmp_path: Path) -> None:
    own = f"s.log.tpr.{process_name()}.{os.getpid()}."
    others = ["s.log.tpr.other.1.2020-01-01 00:00:00", "s.log.e2e.other.1.2020-01-01 00:00:00", "notes.txt"]
    for name in [*others, *(f"{own}2020-01-01 00:00:{second:02d}" for second in range(KEPT_FILES + 5))]:
        (tmp_path / name).touch()
    log = StatisticsLog(tmp_path, "s.log", "tpr", max_bytes=1)
    log.write({})
    mine = sorted(path.name for path in tmp_path.iterdir() if path.name.startswith(own))
    assert (len(mine), mine[0]) == (KEPT_FILES, f"{own}2020-01-01 00:00:06")
    assert all((tmp_path / name).exists() for name in others)


def test_what_cannot_be_written_is_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").touch()
    log = StatisticsLog(tmp_path / "file", "s.log", "e2e", max_bytes=100)
    for _ in range(3):
        log.write({})
    log.close()
    assert len(caplog.records) == 1
    assert "cannot be written" in caplog.text


def test_symbolic_links_are_not_followed(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    StatisticsLog(tmp_path / "link", "s.log", "e2e", max_bytes=100).write({})
    assert list((tmp_path / "real").iterdir()) == []
    assert "symbolic link" in caplog.text
