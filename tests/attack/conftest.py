"""The figures of `make attack`: each test adds rows, and one table at the end shows them beside their bounds."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.attack.bodies import write_bodies

Figures = Callable[[str, str, str], None]
"""What was attacked, what was measured, and the bound that is asserted (empty: it is printed only)."""
HEADING = ("attack", "measured", "bound")
ROWS = pytest.StashKey[list[tuple[str, str, str]]]()


@pytest.fixture
def figures(pytestconfig: pytest.Config) -> Figures:
    """Add a row to the table. Call it before the assertions: a figure that breaks its bound is the one to see."""
    rows = pytestconfig.stash.setdefault(ROWS, [])
    return lambda attack, measured, bound: rows.append((attack, measured, bound))


@pytest.fixture(scope="session")
def bodies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of tests/attack/bodies.py."""
    folder = tmp_path_factory.mktemp("bodies")
    write_bodies(folder)
    return folder


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """The table."""
    if rows := config.stash.get(ROWS, []):
        terminalreporter.section("figures")
        for line in table(rows):
            terminalreporter.write_line(line)


def table(rows: list[tuple[str, str, str]]) -> list[str]:
    """The rows below their heading, in columns."""
    widths = [max(len(row[column]) for row in (HEADING, *rows)) for column in range(2)]
    return [f"{attack:{widths[0]}}  {measured:{widths[1]}}  {bound}".rstrip() for attack, measured, bound in (HEADING, *rows)]
