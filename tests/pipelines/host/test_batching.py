import threading
from collections.abc import Callable, Iterator, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.host.batching import BatchCollector, BatchStrategy, choose_batch
from pipelines.host.frame import Frame, FrameError

NEAREST, UPPER, LOWER = BatchStrategy.NEAREST, BatchStrategy.UPPER, BatchStrategy.LOWER
GEARS = (1, 2, 4, 8)
NEVER_S = 1000.0
SOON_S = 0.01
Run = tuple[list[int], int]


def frame(number: int, *, failed: bool = False) -> Frame:
    return Frame(b"", number, errors={"decoder": FrameError(1004, "")} if failed else {})


class Runs:
    """The runs of a collector, as (frames, batch size), and a way to wait for them."""

    def __init__(self) -> None:
        self.made: list[Run] = []
        self._changed = threading.Condition()

    def __call__(self, frames: list[Frame], size: int) -> None:
        with self._changed:
            self.made.append(([frame.unique_id for frame in frames], size))
            self._changed.notify_all()

    @property
    def order(self) -> list[int]:
        return [number for frames, _ in self.made for number in frames]

    def wait_for(self, frames: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.order) >= frames, 30)


Collect = Callable[..., BatchCollector]


@pytest.fixture
def runs() -> Runs:
    return Runs()


@pytest.fixture
def collect(runs: Runs) -> Iterator[Collect]:
    made: list[BatchCollector] = []

    def make(sizes: Sequence[int], window_s: float, strategy: BatchStrategy = NEAREST) -> BatchCollector:
        made.append(BatchCollector("test", runs, sizes, strategy, window_s))
        return made[-1]

    yield make
    for collector in made:
        collector.close()


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
    for number in range(9):
        collector.put(frame(number))
    assert runs.made == [([0, 1, 2, 3], 4), ([4, 5, 6, 7], 4)]


def test_the_window_closes_by_itself(collect: Collect, runs: Runs) -> None:
    collector = collect((4,), SOON_S)
    collector.put(frame(0))
    runs.wait_for(1)
    collector.put(frame(1))
    runs.wait_for(2)
    assert runs.made == [([0], 4), ([1], 4)]


def test_the_rest_of_a_chosen_size_follows(collect: Collect, runs: Runs) -> None:
    collector = collect(GEARS, NEVER_S, LOWER)
    for number in range(7):
        collector.put(frame(number))
    with collector._device:
        collector._flush(owed=7)
    assert runs.made == [([0, 1, 2, 3], 4), ([4, 5], 2), ([6], 1)]


def test_what_comes_during_a_run_waits_for_its_own_window() -> None:
    runs = Runs()

    def run(frames: list[Frame], size: int) -> None:
        if not runs.made:
            collector._window_s = NEVER_S  # for frame 1, which comes while frame 0 is on the device
            collector.put(frame(1))
        runs(frames, size)

    collector = BatchCollector("test", run, (4,), NEAREST, SOON_S)
    collector.put(frame(0))
    runs.wait_for(1)
    for number in (2, 3, 4):
        collector.put(frame(number))
    collector.close()
    assert runs.made == [([0], 4), ([1, 2, 3, 4], 4)]


def test_a_failed_frame_waits_for_nobody(collect: Collect, runs: Runs) -> None:
    collector = collect((4,), NEVER_S)
    collector.put(frame(0, failed=True))
    assert runs.made == [([0], 0)]


def test_a_failed_frame_keeps_its_place_and_fills_none(collect: Collect, runs: Runs) -> None:
    collector = collect((4,), NEVER_S)
    for number in range(4):
        collector.put(frame(number, failed=number == 2))
    assert runs.made == []
    collector.put(frame(4))
    assert runs.made == [([0, 1, 2, 3, 4], 4)]


def test_a_failed_frame_behind_a_full_batch_goes_with_it(collect: Collect, runs: Runs) -> None:
    collector = collect((2,), SOON_S)
    for number in range(3):
        collector.put(frame(number, failed=number == 1))
    collector.put(frame(3, failed=True))
    assert runs.made == [([0, 1, 2], 2), ([3], 0)]


def test_closing_drops_what_waits(collect: Collect, runs: Runs) -> None:
    collector = collect((4,), NEVER_S)
    collector.put(frame(0))
    collector.close()
    assert runs.made == []


def test_closing_during_a_run_waits_for_it() -> None:
    started, go_on = threading.Event(), threading.Event()
    done: list[int] = []

    def run(frames: list[Frame], _: int) -> None:
        started.set()
        assert go_on.wait(30)
        done.extend(frame.unique_id for frame in frames)

    collector = BatchCollector("test", run, (2,), NEAREST, SOON_S)
    collector.put(frame(0))
    assert started.wait(30)
    closing = threading.Thread(target=collector.close)
    closing.start()
    go_on.set()
    closing.join(30)
    assert done == [0]


@settings(max_examples=25, deadline=None)
@given(
    failed=st.lists(st.booleans(), max_size=60),
    sizes=st.sampled_from([(2,), (4,), (1, 2, 4, 8), (2, 6)]),
    strategy=st.sampled_from(BatchStrategy),
)
def test_the_order_is_kept(failed: list[bool], sizes: tuple[int, ...], strategy: BatchStrategy) -> None:
    runs = Runs()
    collector = BatchCollector("test", runs, sizes, strategy, 0.0005)
    for number, fails in enumerate(failed):
        collector.put(frame(number, failed=fails))
    runs.wait_for(len(failed))
    collector.close()
    assert runs.order == list(range(len(failed)))
    for frames, size in runs.made:
        live = sum(not failed[number] for number in frames)
        assert live <= size
        assert size in sizes if live else size == 0
