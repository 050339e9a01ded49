"""A manager that leaves no thread behind, and the level models."""

import threading
from collections.abc import Iterator, Sequence

import pytest

from models.store import StoredModel
from pipelines.cpu import CpuStreamManager
from pipelines.cpu.elements.batching import BatchCollector, BatchStrategy
from tests.level_model import store_level_model
from tests.pipelines.cpu.batching_made import Collect, Runs


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    assert set(threading.enumerate()) <= before


@pytest.fixture
def manager() -> Iterator[CpuStreamManager]:
    manager = CpuStreamManager()
    manager.InitManager()
    yield manager
    manager.DestroyAllStreams()


@pytest.fixture(scope="session")
def level(tmp_path_factory: pytest.TempPathFactory) -> StoredModel:
    """The level model of batch 1."""
    return store_level_model(tmp_path_factory.mktemp("level"))


@pytest.fixture(scope="session")
def level4(tmp_path_factory: pytest.TempPathFactory) -> StoredModel:
    """The level model of batch 4."""
    return store_level_model(tmp_path_factory.mktemp("level4"), batch_sizes=(4,))


@pytest.fixture(scope="session")
def level1248(tmp_path_factory: pytest.TempPathFactory) -> StoredModel:
    """The level model of batches of 1, 2, 4 and 8."""
    return store_level_model(tmp_path_factory.mktemp("level1248"), batch_sizes=(1, 2, 4, 8))


@pytest.fixture
def runs() -> Runs:
    return Runs()


@pytest.fixture
def collect(runs: Runs) -> Iterator[Collect]:
    made: list[BatchCollector] = []

    def make(
        sizes: Sequence[int], window_s: float, strategy: BatchStrategy = BatchStrategy.NEAREST, *, strict: bool = False
    ) -> BatchCollector:
        made.append(BatchCollector("infer", runs.run, runs.deliver, sizes, strategy, window_s, strict=strict))
        return made[-1]

    yield make
    for collector in made:
        collector.close()
