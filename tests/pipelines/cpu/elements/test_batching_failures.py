"""A batch that fails, and what becomes of its images."""

import pytest

from pipelines.cpu.elements.frame import Frame
from tests.pipelines.cpu.batching_made import FAILURE, LOWER, NEVER_S, Collect, Runs, close_window, put


def test_a_failed_frame_waits_for_nobody(collect: Collect, runs: Runs) -> None:
    put(collect((4,), NEVER_S), 0, failed=True)
    assert (runs.order, runs.made) == ([0], [])


def test_a_failed_frame_keeps_its_place_and_fills_none(collect: Collect, runs: Runs) -> None:
    collector = collect((4,), NEVER_S)
    put(collector, 0, 1)
    put(collector, 2, failed=True)
    put(collector, 3)
    assert runs.out == []
    put(collector, 4)
    assert (runs.made, runs.order) == ([([0, 1, 3, 4], 4)], [0, 1, 2, 3, 4])


def test_a_failed_frame_opens_no_window(collect: Collect) -> None:
    collector = collect((4,), NEVER_S)
    put(collector, 0, failed=True)
    assert collector._due_s is None


def test_a_failed_run_fails_its_batch(collect: Collect, runs: Runs) -> None:
    runs.failing = 1
    collector = collect((2, 4), NEVER_S, LOWER)
    put(collector, 0, 1, 2)
    close_window(collector)
    assert runs.made == [([0, 1], 2), ([2], 2)]
    assert (runs.order, runs.failed) == ([0, 1, 2], [0, 1])


def test_strict_a_failed_run_fails_all_that_wait(collect: Collect, runs: Runs) -> None:
    runs.failing = 1
    collector = collect((2, 4), NEVER_S, LOWER, strict=True)
    put(collector, 0, 1, 2)
    close_window(collector)
    assert runs.made == [([0, 1], 2)]
    assert (runs.order, runs.failed, collector._due_s) == ([0, 1, 2], [0, 1, 2], None)
    put(collector, 3, 4, 5, 6)
    assert (runs.order[3:], runs.failed[3:]) == ([3, 4, 5, 6], [])


@pytest.mark.parametrize(("strict", "order", "failed"), [(False, [], []), (True, [0, 1, 2], [0, 1, 2])])
def test_a_frame_that_does_not_fit(collect: Collect, runs: Runs, strict: bool, order: list[int], failed: list[int]) -> None:
    collector = collect((4,), NEVER_S, strict=strict)
    put(collector, 0, 1)
    collector.fail(Frame(b"", 2), FAILURE)
    assert (runs.order, runs.failed) == (order, failed)
    if not strict:
        put(collector, 3, 4)
        assert (runs.made, runs.order, runs.failed) == ([([0, 1, 3, 4], 4)], [0, 1, 2, 3, 4], [2])


def test_a_failed_batch_takes_the_other_pictures_of_its_frames_along(collect: Collect, runs: Runs) -> None:
    runs.failing = 1
    collector = collect((2,), NEVER_S)
    put(collector, 0, pictures=1)
    put(collector, 1, pictures=2)
    assert (runs.made, runs.failed) == ([([0, 1], 2)], [0, 1])
    assert not collector._pictures
