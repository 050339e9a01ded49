"""A run through an engine: what is answered, called back, tried again and stopped."""

import threading
import zlib
from array import array
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path

import numpy as np
import pytest

from server.engines.fake_engine import CLASSES, FakeEngine
from server.engines.fleet.fleet import Fleet
from server.engines.fleet.member import Member
from server.engines.work import InferenceRequest
from server.errors import DeadlineExceeded, EngineLost, EngineUnavailable, Saturated, ServiceError
from server.evaluation.dataset.labelled_set import LabelledSet
from server.evaluation.dataset.root_files import RootFiles
from server.evaluation.run import runner
from server.evaluation.run.records import PredictionLog, Record
from server.evaluation.run.runner import TRIES, Run
from server.evaluation.run.score_file import ScoreFile
from server.types import Prediction
from tests.level_model import level_png

IMAGES = 40


@pytest.fixture
def items(tmp_path: Path) -> LabelledSet:
    """Labels are the fake engine's answers, except the first; the second has no file, the third no image, the fourth no label."""
    pngs = [level_png(number) for number in range(IMAGES)]
    for number, png in enumerate(pngs):
        (tmp_path / f"{number}.png").write_bytes(png)
    (tmp_path / "1.png").unlink()
    (tmp_path / "2.png").write_bytes(b"text")
    labels = [zlib.crc32(png) % CLASSES for png in pngs]
    labels[0], labels[3] = (labels[0] + 1) % CLASSES, -1
    names = [f"{number}.png" for number in range(IMAGES)]
    return LabelledSet(RootFiles(tmp_path), "", (), names, names, array("i", labels))


@pytest.fixture
def log(tmp_path: Path) -> Iterator[PredictionLog]:
    with PredictionLog(tmp_path / "log") as log:
        yield log


@pytest.fixture
def scores(tmp_path: Path) -> Iterator[ScoreFile]:
    with ScoreFile(tmp_path, IMAGES, CLASSES) as scores:
        scores.open(goes_on=False)
        yield scores


class Moody(Fleet):
    """Fails in one way, so many times for an image."""

    def __init__(self, error: type[ServiceError], times: int, *, at_once: bool = False) -> None:
        super().__init__([[Member(FakeEngine())]], 64)
        self._error, self._times, self._at_once = error, times, at_once
        self._tries: dict[str, int] = {}

    def submit(self, request: InferenceRequest) -> Future[Prediction]:
        self._tries[request.id] = tries = self._tries.get(request.id, 0) + 1
        if tries > self._times:
            return super().submit(request)
        if self._at_once:
            raise self._error("moody")
        future: Future[Prediction] = Future()
        future.set_exception(self._error("moody"))
        return future


def through(
    engine: Fleet, items: LabelledSet, log: PredictionLog, places: Callable[[], int] = lambda: 4, scores: ScoreFile | None = None
) -> Run:
    engine.start()
    try:
        run = Run(items, log, engine, places, timeout_s=5, max_image_bytes=10_000, max_image_pixels=10_000, top_k=2, scores=scores)
        assert run.run(threading.Event())
    finally:
        engine.close(0)
    return run


def test_every_image_has_one_record(items: LabelledSet, log: PredictionLog) -> None:
    run = through(Fleet.of(FakeEngine()), items, log)
    records = {record.index: record for record in log.read()}
    assert sorted(records) == list(range(IMAGES))
    assert [records[index].outcome for index in range(4)] == ["ok", "unreadable", "unsupported_image", "ok"]
    assert all(records[index].top[0][0] == items[index].label for index in range(4, IMAGES))
    assert [(records[index].format, records[index].width_px > 0) for index in range(4)] == [
        ("png", True),
        ("", False),
        ("", False),
        ("png", True),
    ]
    progress = run.progress
    assert (progress.total, progress.done, progress.failed, progress.labelled, progress.top1) == (IMAGES, IMAGES, 2, 39, 36)


def test_what_has_a_record_is_left_out(items: LabelledSet, log: PredictionLog) -> None:
    through(Fleet.of(FakeEngine()), items.first(10), log)
    before = list(log.read())
    again = through(Fleet.of(FakeEngine()), items.first(10), log)
    assert (again.progress.begun, again.progress.done, list(log.read())) == (10, 10, before)


@pytest.mark.parametrize("error", [EngineUnavailable, Saturated])
def test_a_full_or_absent_engine_is_waited_for(items: LabelledSet, log: PredictionLog, error: type[ServiceError]) -> None:
    through(Moody(error, 1, at_once=True), items.first(4), log)
    assert [record.ok for record in log.read()] == [True] * 4


@pytest.mark.parametrize("error", [DeadlineExceeded, EngineLost])
def test_what_is_late_or_lost_is_tried_again(items: LabelledSet, log: PredictionLog, error: type[ServiceError]) -> None:
    through(Moody(error, TRIES - 1), items.first(6), log)
    assert {record.outcome for record in log.read()} == {"ok"}


@pytest.mark.parametrize("error", [DeadlineExceeded, EngineLost])
def test_what_is_always_late_or_ends_its_engines_is_a_failure(items: LabelledSet, log: PredictionLog, error: type[ServiceError]) -> None:
    moody = Moody(error, 10 * TRIES)
    through(moody, items.first(1), log)
    assert [record.outcome for record in log.read()] == [error.code]
    assert moody._tries == {"evaluation-0": TRIES}


def test_places_that_are_taken_away_are_given_back(items: LabelledSet, log: PredictionLog) -> None:
    engine, held = Fleet.of(FakeEngine(latency_s=0.002)), []

    def places() -> int:
        held.append(len(engine.in_flight))
        return 8 if len(held) % 4 < 2 else 1

    through(engine, items, log, places)
    assert sorted(record.index for record in log.read()) == list(range(IMAGES))
    assert max(held) <= 8


class Counting(Fleet):
    """Notes how many images are inside when another comes."""

    def __init__(self) -> None:
        super().__init__([[Member(FakeEngine(latency_s=0.01))]], 64)
        self.inside: list[int] = []

    def submit(self, request: InferenceRequest) -> Future[Prediction]:
        self.inside.append(len(self.in_flight))
        return super().submit(request)


def test_large_images_wait_for_one_another(items: LabelledSet, log: PredictionLog, monkeypatch: pytest.MonkeyPatch) -> None:
    most = {}
    for allowed_bytes in (1, 10**6):
        monkeypatch.setattr(runner, "MOST_BYTES", allowed_bytes)
        engine = Counting()
        with PredictionLog(log.path.with_name(f"log {allowed_bytes}")) as own:
            through(engine, items, own, lambda: 8)
            assert sorted(record.index for record in own.read()) == list(range(IMAGES))
        most[allowed_bytes] = max(engine.inside)
    assert most[1] == 0
    assert most[10**6] > 1


def test_a_stop_is_heard_and_nothing_is_lost(items: LabelledSet, log: PredictionLog, scores: ScoreFile) -> None:
    engine, stop = Fleet.of(FakeEngine(latency_s=0.005)), threading.Event()
    engine.start()

    def heard(record: Record) -> None:
        if record.index == 9:
            stop.set()

    run = Run(
        items, log, engine, lambda: 4, timeout_s=5, max_image_bytes=10_000, max_image_pixels=10_000, top_k=2, on_record=heard, scores=scores
    )
    assert not run.run(stop)
    engine.close(0)
    assert len(list(log.read())) < IMAGES
    through(Fleet.of(FakeEngine()), items, log, scores=scores)
    records = {record.index: record for record in log.read()}
    assert sorted(records) == list(range(IMAGES))
    table = np.fromfile(scores.path, "<f4").reshape(IMAGES, CLASSES)
    for index in range(3, IMAGES):
        assert [(class_id, table[index, class_id]) for class_id in np.argsort(-table[index])] == list(records[index].top)
    assert np.isnan(table).all(axis=1).nonzero()[0].tolist() == [1, 2]
