"""What one chip of the double does to its images: a failed inference, a full stream, a picture whose resize takes all memory."""

from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic, sleep

import pytest

from server.errors import EngineUnavailable, UndecodableImage
from tests.ascend_double.chip import Chip, right
from tests.level_model import level_image
from tests.server.engines.test_resize_bound import SHORT, made


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Callable[..., Chip]]:
    chips: list[Chip] = []

    def start(**options: object) -> Chip:
        chip = Chip(tmp_path, **options)  # type: ignore[arg-type]
        chip.fleet.start()
        chips.append(chip)
        return chip

    yield start
    for chip in chips:
        chip.double.mend()
        chip.fleet.close(20)


def wait_for(condition: Callable[[], object], timeout_s: float = 60) -> None:
    deadline_s = monotonic() + timeout_s
    while not condition():
        assert monotonic() < deadline_s
        sleep(0.02)


def test_a_batch_that_fails_is_tried_once_more_on_the_only_chip(started: Callable[..., Chip]) -> None:
    """An inference fails up to eight images. Counted one by one they were three in a row and took the chip out of service."""
    chip = started()
    chip.double.breaks("fail", every=20)
    assert chip.answers(600) == right(600)
    assert (chip.switches, chip.engine.restarts) == (0, 0)


def test_a_stream_that_is_full_is_asked_again_and_is_not_at_fault(started: Callable[..., Chip]) -> None:
    chip = started()
    chip.double.breaks("refuse")
    waiting = [chip.submit(level_image(number)) for number in range(16)]
    sleep(1.0)
    assert not any(future.done() for future in waiting)
    chip.double.mend()
    assert [future.result(20).scores[0].class_id for future in waiting] == right(16)
    assert (chip.switches, chip.engine.restarts) == (0, 0)


def test_a_stream_that_only_refuses_is_hung_and_started_anew(started: Callable[..., Chip]) -> None:
    """Results that nobody claims can fill the vendor's table for good; then each send is refused."""
    chip = started(stall_s=0.5)
    chip.double.breaks("refuse")
    waiting = chip.submit(level_image(7))
    wait_for(lambda: chip.engine.restarts)
    chip.double.mend()
    assert waiting.result(30).scores[0].class_id == 7


def test_the_bound_is_needed_because_a_flat_picture_kills_its_chip(started: Callable[..., Chip]) -> None:
    """This fleet has no bound on the resize: what test_resize_bound.py holds off. The resize itself refuses it, after its time."""
    chip = started(stall_s=0.4, recipe=SHORT)
    with pytest.raises(EngineUnavailable):
        chip.submit(made(60_000), timeout_s=60).result(60)
    assert chip.engine.restarts >= 1


def test_what_an_image_causes_is_answered_to_it_alone(started: Callable[..., Chip]) -> None:
    chip = started()
    chip.double.breaks("1004")
    errors = chip.answers(12)
    assert all(isinstance(error, UndecodableImage) for error in errors)
    chip.double.mend()
    assert chip.answers(12) == right(12)
    assert (chip.switches, chip.engine.restarts) == (0, 0)
