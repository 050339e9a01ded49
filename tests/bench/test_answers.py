"""The table of kept answers, and the command for a moment."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipelines.cpu.processor import lack
from server.parity.comparison import Failed, ParityReport
from tests.bench import prepared as preparation
from tests.bench.__main__ import app
from tests.bench.answers import WAYS, answer_lines


def test_goals_are_of_the_sure_pictures() -> None:
    reports = [ParityReport(({}, {}), compared=200, agreed=agreed, sure=100, sure_agreed=kept) for agreed, kept in ((150, 99), (180, 99))]
    lines = list(answer_lines("m", list(zip(WAYS[:2], reports, strict=True))))
    assert lines[1:3] == ["| m, bf16 | 200 | 150 | 100 | 99 |", "| m, int8 | 200 | 180 | 100 | 99 |"]
    assert [line[:6].strip() for line in lines[4:]] == ["missed", "met"]


def test_pictures_without_an_answer_are_told() -> None:
    report = ParityReport(({}, {}), compared=1, failed=[Failed("a.jpg", ("", "It is late. [deadline_exceeded]"))])
    *_, told, goal = answer_lines("m", [(WAYS[0], report)])
    assert told == "m, bf16: 1 pictures without an answer, as a.jpg:  It is late. [deadline_exceeded]"
    assert goal.startswith("missed      0.00")


def test_each_way_is_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRECISION", "f32")  # the command sets it
    monkeypatch.setattr(preparation, "CALIBRATION", 12)
    done = CliRunner().invoke(app, ["answers", "--model", "resnext_digits", "--count", "20", "--store", str(tmp_path)])
    assert done.exit_code == 0, done.output
    ways = [way for way in WAYS if not lack(way.precision)]
    rows = [line.split(" | ")[:2] for line in done.stdout.splitlines() if line.startswith("| resnext_digits")]
    assert rows == [[f"| resnext_digits, {way.name}", "5" if way.decode == "reduced" else "20"] for way in ways]
