import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.cpu.elements.batching import CAPACITY, BatchCollector, BatchStrategy, Outputs, choose_batch
from pipelines.cpu.elements.frame import Pixels
from tests.pipelines.cpu.batching_made import (
    GEARS,
    LOWER,
    NEAREST,
    NEVER_S,
    SOON_S,
    UPPER,
    Collect,
    Runs,
    close_window,
    put,
)


@pytest.mark.parametrize(
    ("strategy", "sizes", "waiting", "batches"),
    [
        (NEAREST, GEARS, 1, [1]),
        (NEAREST, GEARS, 3, [4]),
        (NEAREST, GEARS, 5, [4, 1]),
        (NEAREST, GEARS, 6, [8]),
        (NEAREST, GEARS, 7, [8]),
        (UPPER, GEARS, 1, [1]),
        (UPPER, GEARS, 2, [2]),
        (UPPER, GEARS, 3, [4]),
        (UPPER, GEARS, 5, [8]),
        (UPPER, GEARS, 6, [8]),
        (LOWER, GEARS, 1, [1]),
        (LOWER, GEARS, 2, [2]),
        (LOWER, GEARS, 3, [2, 1]),
        (LOWER, GEARS, 5, [4, 1]),
        (LOWER, GEARS, 6, [4, 2]),
        (LOWER, GEARS, 7, [4, 2, 1]),
        (NEAREST, GEARS, 8, [8]),
        (LOWER, (2, 6), 1, [2]),
        (LOWER, (2, 6), 5, [2, 2, 2]),
        (UPPER, (4,), 3, [4]),
    ],
)
def test_the_batches_of_a_closed_window(strategy: BatchStrategy, sizes: tuple[int, ...], waiting: int, batches: list[int]) -> None:
    made = []
    while waiting > 0:
        made.append(choose_batch(strategy, sizes, waiting))
        waiting -= made[-1]
    assert made == batches


@settings(deadline=None)
@given(
    sizes=st.sets(st.integers(1, 64), min_size=1, max_size=6).map(sorted),
    waiting=st.integers(1, 80),
)
def test_the_choice(sizes: list[int], waiting: int) -> None:
    nearest, upper, lower = (choose_batch(strategy, sizes, waiting) for strategy in (NEAREST, UPPER, LOWER))
    assert {nearest, upper, lower} <= set(sizes)
    assert all(
        abs(nearest - waiting) < abs(size - waiting) or size <= nearest for size in sizes if abs(size - waiting) <= abs(nearest - waiting)
    )
    assert upper == next((size for size in sizes if size >= waiting), sizes[-1])
    assert lower == next((size for size in reversed(sizes) if size <= waiting), sizes[0])


def test_a_full_batch_runs_at_once_in_the_callers_thread(collect: Collect, runs: Runs) -> None:
    collector = collect((4,), NEVER_S)
    put(collector, *range(9))
    assert runs.made == [([0, 1, 2, 3], 4), ([4, 5, 6, 7], 4)]
    assert runs.order == list(range(8))


def test_the_window_closes_by_itself(collect: Collect, runs: Runs) -> None:
    collector = collect((4,), SOON_S)
    put(collector, 0)
    runs.wait_for(1)
    put(collector, 1)
    runs.wait_for(2)
    assert runs.made == [([0], 4), ([1], 4)]


def test_a_full_batch_leaves_the_window_open(collect: Collect) -> None:
    """So the next partial batch may leave before a window of its own has passed, as with the vendor."""
    collector = collect((2,), NEVER_S)
    assert collector._due_s is None
    put(collector, 0)
    due_s = collector._due_s
    put(collector, 1, 2)
    assert collector._due_s == due_s is not None
    close_window(collector)
    assert collector._due_s is None


def test_the_rest_of_a_chosen_size_follows(collect: Collect, runs: Runs) -> None:
    collector = collect(GEARS, NEVER_S, LOWER)
    put(collector, *range(7))
    close_window(collector)
    assert runs.made == [([0, 1, 2, 3], 4), ([4, 5], 2), ([6], 1)]


def test_a_frame_of_several_pictures_leaves_with_its_last(collect: Collect, runs: Runs) -> None:
    collector = collect((4,), NEVER_S)
    put(collector, 0, pictures=3)
    put(collector, 1, pictures=3)
    assert runs.made == [([0, 0, 0, 1], 4)]
    assert runs.order == [0]
    close_window(collector)
    assert runs.made[1:] == [([1, 1], 4)]
    assert runs.seen == [[0, 0, 0], [1, 1, 1]]


def test_what_comes_during_a_run_waits_for_its_own_window(runs: Runs) -> None:
    def run(pictures: list[Pixels], size: int) -> list[Outputs]:
        if not runs.made:
            collector._window_s = NEVER_S  # for frame 1, which comes while frame 0 is on the device
            put(collector, 1)
        return runs.run(pictures, size)

    collector = BatchCollector("infer", run, runs.deliver, (4,), NEAREST, SOON_S)
    put(collector, 0)
    runs.wait_for(1)
    put(collector, 2, 3, 4)
    collector.close()
    assert runs.made == [([0], 4), ([1, 2, 3, 4], 4)]


@pytest.mark.parametrize(("strict", "capacity"), [(True, CAPACITY), (False, 64)])
def test_no_more_frames_than_the_vendor_takes_in(collect: Collect, runs: Runs, strict: bool, capacity: int) -> None:
    collector = collect((64,), NEVER_S, strict=strict)
    put(collector, *range(capacity - 1))
    assert runs.made == []
    sender = threading.Thread(target=put, args=(collector, capacity - 1, capacity))
    sender.start()
    if strict:
        sender.join(0.05)
        assert sender.is_alive()
        assert len(collector._order) == CAPACITY
        close_window(collector)
    sender.join(30)
    assert runs.order == list(range(capacity))


def test_closing_lets_a_sender_go(collect: Collect, runs: Runs) -> None:
    collector = collect((64,), NEVER_S, strict=True)
    sender = threading.Thread(target=put, args=(collector, *range(CAPACITY + 1)))
    sender.start()
    collector.release()
    sender.join(30)
    assert not sender.is_alive()
    assert runs.made == []


def test_closing_drops_what_waits(collect: Collect, runs: Runs) -> None:
    collector = collect((4,), NEVER_S)
    put(collector, 0)
    collector.close()
    assert (runs.made, runs.out) == ([], [])


def test_closing_during_a_run_waits_for_it(runs: Runs) -> None:
    started, go_on = threading.Event(), threading.Event()
    done: list[int] = []

    def run(pictures: list[Pixels], _: int) -> list[Outputs]:
        started.set()
        assert go_on.wait(30)
        done.extend(int(one[0]) for one in pictures)
        return [(one,) for one in pictures]

    collector = BatchCollector("infer", run, runs.deliver, (2,), NEAREST, SOON_S)
    put(collector, 0)
    assert started.wait(30)
    closing = threading.Thread(target=collector.close)
    closing.start()
    go_on.set()
    closing.join(30)
    assert done == [0]


@settings(max_examples=25, deadline=None)
@given(
    pictures=st.lists(st.integers(0, 3), max_size=60),
    sizes=st.sampled_from([(2,), (4,), (1, 2, 4, 8), (2, 6)]),
    strategy=st.sampled_from(BatchStrategy),
)
def test_the_order_is_kept(pictures: list[int], sizes: tuple[int, ...], strategy: BatchStrategy) -> None:
    runs = Runs()
    collector = BatchCollector("infer", runs.run, runs.deliver, sizes, strategy, 0.0005)
    for number, count in enumerate(pictures):
        put(collector, number, pictures=count, failed=not count)
    runs.wait_for(len(pictures))
    collector.close()
    assert runs.order == list(range(len(pictures)))
    assert runs.seen == [[number] * count for number, count in enumerate(pictures)]
    assert [number for seen, _ in runs.made for number in seen] == [n for n, count in enumerate(pictures) for _ in range(count)]
    assert all(len(seen) <= size and size in sizes for seen, size in runs.made)
