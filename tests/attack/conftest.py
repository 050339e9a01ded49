"""The figures of `make attack`: each test adds rows, and one table at the end shows them beside their bounds."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.attack.bodies import write_bodies

Figures = Callable[[str, str, str], None]
"""The attack, its measurement, and the bound that is asserted (empty: it is printed only)."""
ENGINES: dict[str, dict[str, Any]] = {
    "stream": {"engines": "stream"},
    "mxbase": {"engines": "mxbase"},
    "stream process": {"engines": "stream", "engine_processes": "yes"},
}
"""Settings of the servers that are attacked, by name."""
HEADING = ("attack", "measured", "bound")
FIGURE = "figure"


@pytest.fixture
def figures(record_property: Callable[[str, object], None]) -> Figures:
    """Add a row to the table. Call it before the assertions: a figure that breaks its bound is the one to see."""
    return lambda attack, measured, bound: record_property(FIGURE, (attack, measured, bound))


@pytest.fixture(scope="session")
def bodies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of tests/attack/bodies.py."""
    folder = tmp_path_factory.mktemp("bodies")
    write_bodies(folder)
    return folder


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The table, also of what the workers of `pytest -n` measured."""
    reports = [report for outcome in ("passed", "failed") for report in terminalreporter.stats.get(outcome, []) if report.when == "call"]
    if rows := [value for report in reports for name, value in report.user_properties if name == FIGURE]:
        terminalreporter.section("figures")
        for line in table(rows):
            terminalreporter.write_line(line)


def table(rows: Sequence[tuple[str, str, str]]) -> list[str]:
    """The rows below their heading, in columns."""
    widths = [max(len(row[column]) for row in (HEADING, *rows)) for column in range(2)]
    return [f"{attack:{widths[0]}}  {measured:{widths[1]}}  {bound}".rstrip() for attack, measured, bound in (HEADING, *rows)]
