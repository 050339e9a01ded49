"""The contract of engines: each engine passes the same tests. A new engine joins by an entry in subjects.py."""

import threading
from collections.abc import Iterator
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from time import monotonic

import pytest

from server.engines.fleet.fleet import Fleet
from server.engines.work import InferenceRequest
from server.errors import DeadlineExceeded, EngineUnavailable, Saturated, UndecodableImage
from server.types import EncodedImage, Prediction
from tests.server.engines.subjects import SUBJECTS, Subject

pytestmark = pytest.mark.usefixtures("forked_children")

CAPACITY = 16
SLOW = 4  # pictures, for engines that decode two at once


@pytest.fixture(scope="module", params=SUBJECTS)
def subject(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Subject:
    return SUBJECTS[request.param](tmp_path_factory.mktemp("subject"))


@pytest.fixture(scope="module")
def engine(subject: Subject) -> Iterator[Fleet]:
    engine = subject.make(CAPACITY)
    engine.start()
    yield engine
    engine.close(drain_s=10)


def submit(engine: Fleet, image: EncodedImage, timeout_s: float = 30) -> Future[Prediction]:
    return engine.submit(InferenceRequest(image, "test", monotonic() + timeout_s))


def keep_busy(subject: Subject, engine: Fleet) -> list[Future[Prediction]]:
    """Fill the window; the first pictures are slow, and the others wait behind them."""
    images = [subject.slow(number) if number < SLOW else subject.image(number) for number in range(CAPACITY)]
    return [submit(engine, image) for image in images]


def best(future: Future[Prediction]) -> int:
    return future.result(30).scores[0].class_id


def test_answers_are_complete_and_in_order(subject: Subject, engine: Fleet) -> None:
    prediction = submit(engine, subject.image(3)).result(30)
    scores = [score.score for score in prediction.scores]
    assert prediction.engine == engine.name
    assert prediction.scores[0].class_id == subject.expected(3)
    assert scores == sorted(scores, reverse=True)
    assert len(scores) >= 10
    assert abs(sum(scores) - 1) < 1e-3
    assert all(score.label for score in prediction.scores)


def test_every_answer_belongs_to_its_request(subject: Subject, engine: Fleet) -> None:
    for start in range(0, 64, CAPACITY):
        futures = [submit(engine, subject.image(number)) for number in range(start, start + CAPACITY)]
        assert [best(future) for future in futures] == [subject.expected(number) for number in range(start, start + CAPACITY)]


def test_many_threads_at_once(subject: Subject, engine: Fleet) -> None:
    def client(number: int) -> list[int]:
        return [best(submit(engine, subject.image(number + 7 * turn))) for turn in range(4)]

    with ThreadPoolExecutor(CAPACITY) as pool:
        answers = list(pool.map(client, range(CAPACITY)))
    assert answers == [[subject.expected(number + 7 * turn) for turn in range(4)] for number in range(CAPACITY)]


def test_a_full_window_refuses_and_recovers(subject: Subject, engine: Fleet) -> None:
    futures = keep_busy(subject, engine)
    with pytest.raises(Saturated):
        futures.extend(submit(engine, subject.image(number)) for number in range(CAPACITY, 10 * CAPACITY))  # the first may be done by now
    assert [best(future) for future in futures] == [subject.expected(number) for number in range(len(futures))]
    assert best(submit(engine, subject.image(5))) == subject.expected(5)


def test_a_request_whose_time_is_over_costs_nothing(subject: Subject, engine: Fleet) -> None:
    with pytest.raises(DeadlineExceeded):
        submit(engine, subject.image(0), timeout_s=-1).result(30)
    assert best(submit(engine, subject.image(1))) == subject.expected(1)


def test_a_cancelled_request_frees_its_place(subject: Subject, engine: Fleet) -> None:
    futures = keep_busy(subject, engine)
    assert futures[-1].cancel()
    assert best(submit(engine, subject.image(9))) == subject.expected(9)
    with pytest.raises(CancelledError):
        futures[-1].result(30)
    assert [best(future) for future in futures[:-1]] == [subject.expected(number) for number in range(CAPACITY - 1)]


def test_a_broken_image_harms_no_neighbour(subject: Subject, engine: Fleet) -> None:
    images = [subject.broken if number % 3 == 1 else subject.image(number) for number in range(12)]
    futures = [submit(engine, image) for image in images]
    for number, future in enumerate(futures):
        if number % 3 == 1:
            with pytest.raises(UndecodableImage):
                future.result(30)
        else:
            assert best(future) == subject.expected(number)


def test_a_life_from_start_to_close(subject: Subject) -> None:
    """It refuses before and after, answers what it took, closes twice, and leaves no thread behind."""
    before = set(threading.enumerate())
    engine = subject.make(CAPACITY)
    check_closed(subject, engine)
    engine.start()
    assert engine.health().ok
    futures = [submit(engine, subject.image(number)) for number in range(CAPACITY)]
    engine.close(drain_s=30)
    assert [best(future) for future in futures] == [subject.expected(number) for number in range(CAPACITY)]
    engine.close(drain_s=1)
    check_closed(subject, engine)
    assert set(threading.enumerate()) <= before


def check_closed(subject: Subject, engine: Fleet) -> None:
    with pytest.raises(EngineUnavailable):
        submit(engine, subject.image(0))
    assert not engine.health().ok


def test_close_without_time_leaves_no_future_open(subject: Subject, engine: Fleet) -> None:
    """The last test of an engine: it closes that of the others."""
    futures = keep_busy(subject, engine)
    engine.close(drain_s=0)
    assert [future.done() for future in futures] == [True] * CAPACITY
