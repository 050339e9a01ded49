"""What the vendor's engine leaks: results are asked for before they are there, and a process that has grown is replaced without a gap."""

from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from time import monotonic, sleep

import pytest

from server.engines.fleet.fleet import Fleet
from server.engines.fleet.member import Member, Watch
from server.engines.plan import plan_rendered
from server.engines.process.engine_process import EngineProcess, Replacement
from server.engines.process.program import StreamProgram
from server.engines.work import InferenceRequest
from server.errors import Saturated
from server.types import Prediction
from tests.ascend_double.double import AscendDouble, store_om_model
from tests.level_model import level_image

GROWTH_BYTES = 16 << 20


class Chip:
    """One chip of the double, alone in a fleet."""

    def __init__(self, folder: Path) -> None:
        model, self.double = store_om_model(folder / "store"), AscendDouble(folder / "python")
        program = StreamProgram(lambda: plan_rendered(model, "ascend", "Ascend310", 2), "ascend", self.double.python)
        self.replaced = 0
        replacement = Replacement(GROWTH_BYTES, look_s=0.05, pause_s=0.0, count=self._count)
        self.engine = EngineProcess("stream", program, replacement=replacement)
        self.fleet = Fleet([[Member(self.engine, watch=Watch(stall_s=20))]], 64)

    def _count(self) -> None:
        self.replaced += 1

    def submit(self, number: int) -> Future[Prediction]:
        """Wait for room, since the window may be full."""
        while True:
            try:
                return self.fleet.submit(InferenceRequest(level_image(number % 64), "test", monotonic() + 30))
            except Saturated:
                sleep(0.001)

    def answer(self, images: int) -> None:
        """So many images at once, each with the right answer."""
        futures = [self.submit(number) for number in range(images)]
        assert [future.result(30).scores[0].class_id for future in futures] == [number % 64 for number in range(images)]


@pytest.fixture
def chip(tmp_path: Path) -> Iterator[Chip]:
    made = Chip(tmp_path)
    made.fleet.start()
    yield made
    made.fleet.close(20)


def test_results_are_asked_for_before_they_are_there(chip: Chip) -> None:
    """With one waiting thread for each stream 117 of these 600 were there already; with one for each place, none."""
    chip.answer(600)
    assert chip.double.late_results < 60, chip.double.late_results


def test_a_process_that_has_grown_is_replaced_and_no_image_notices(chip: Chip) -> None:
    """There is one chip only: the next process is ready before this one ends."""
    chip.double.breaks("grow")
    first, deadline_s = chip.engine.process, monotonic() + 60
    while not chip.replaced and monotonic() < deadline_s:
        chip.answer(16)
        assert chip.fleet.health().ok
        sleep(0.1)
    chip.answer(16)
    assert (chip.replaced >= 1, chip.engine.restarts) == (True, 0)
    assert chip.engine.process != first
