"""What the vendor's engine leaks: results are asked for before they are there, and a process that has grown is replaced without a gap."""

from collections.abc import Iterator
from pathlib import Path
from time import monotonic, sleep

import pytest

from tests.ascend_double.chip import Chip, right

GROWTH_BYTES = 16 << 20


@pytest.fixture
def chip(tmp_path: Path) -> Iterator[Chip]:
    made = Chip(tmp_path, growth_bytes=GROWTH_BYTES)
    made.fleet.start()
    yield made
    made.fleet.close(20)


def test_results_are_asked_for_before_they_are_there(chip: Chip) -> None:
    """With one waiting thread for each stream 117 of these 600 were there already; with one for each place, none."""
    assert chip.answers(600) == right(600)
    assert chip.double.late_results < 60, chip.double.late_results


def test_a_process_that_has_grown_is_replaced_and_no_image_notices(chip: Chip) -> None:
    """There is one chip only: the next process is ready before this one ends."""
    chip.double.breaks("grow")
    first, deadline_s = chip.engine.process, monotonic() + 60
    while not chip.replaced and monotonic() < deadline_s:
        assert chip.answers(16) == right(16)
        assert chip.fleet.health().ok
        sleep(0.1)
    assert chip.answers(16) == right(16)
    assert (chip.replaced >= 1, chip.engine.restarts, chip.switches) == (True, 0, 0)
    assert chip.engine.process != first
