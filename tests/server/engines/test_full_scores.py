"""Each engine gives the scores of all classes when the request asks for them."""

from collections.abc import Iterator
from time import monotonic

import numpy as np
import pytest
from numpy.typing import NDArray

from server.engines.fleet.fleet import Fleet
from server.engines.work import InferenceRequest
from server.errors import UndecodableImage
from server.types import EncodedImage, Prediction, Scores
from tests.server.engines.subjects import SUBJECTS, Subject

FULL = ("fake", "fake-process", "mxbase", "mxbase-batch-sizes", "mxbase-process")  # of streams: test_full_scores_stream.py
CAPACITY = 16
PICTURES = 48


@pytest.fixture(scope="module", params=[name for name in FULL if name in SUBJECTS])
def subject(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Subject:
    return SUBJECTS[request.param](tmp_path_factory.mktemp("subject"))


@pytest.fixture(scope="module")
def engine(subject: Subject) -> Iterator[Fleet]:
    engine = subject.make(CAPACITY)
    engine.start()
    yield engine
    engine.close(drain_s=10)


def answers(engine: Fleet, images: list[EncodedImage], wanted: list[Scores]) -> list[Prediction]:
    """Sent together, so that they meet in batches."""
    found: list[Prediction] = []
    for start in range(0, len(images), CAPACITY):
        window = slice(start, start + CAPACITY)
        deadline_s = monotonic() + 30
        sent = zip(images[window], wanted[window], strict=True)
        futures = [engine.submit(InferenceRequest(image, "", deadline_s, scores)) for image, scores in sent]
        found += [future.result(30) for future in futures]
    return found


def check(prediction: Prediction, expected: NDArray[np.float64]) -> None:
    assert prediction.all_scores is not None
    scores = np.frombuffer(prediction.all_scores, "<f4")
    assert scores.shape == expected.shape
    assert np.abs(scores - expected).max() < 1e-5
    assert abs(scores.sum(dtype=np.float64) - 1) < 1e-5
    assert [float(scores[score.class_id]) for score in prediction.scores] == [score.score for score in prediction.scores]


def test_they_are_those_of_the_network(subject: Subject, engine: Fleet) -> None:
    pictures = [subject.scored(5 * number + 1) for number in range(PICTURES)]  # levels of all kinds, between two classes too
    predictions = answers(engine, [image for image, _ in pictures], ["full"] * PICTURES)
    for prediction, (_, expected) in zip(predictions, pictures, strict=True):
        check(prediction, expected)


def test_only_who_asks_gets_them(subject: Subject, engine: Fleet) -> None:
    pictures = [subject.scored(3 * number) for number in range(PICTURES)]
    wanted: list[Scores] = ["full" if number % 3 == 1 else "top" for number in range(PICTURES)]
    predictions = answers(engine, [image for image, _ in pictures], wanted)
    for prediction, scores, (_, expected) in zip(predictions, wanted, pictures, strict=True):
        if scores == "full":
            check(prediction, expected)
        else:
            assert prediction.all_scores is None
            assert max(abs(score - expected[class_id]) for class_id, _, score in prediction.scores) < 1e-3


def test_the_best_are_the_same_either_way(subject: Subject, engine: Fleet) -> None:
    image, _ = subject.scored(77)
    top, full = answers(engine, [image, image], ["top", "full"])
    assert [score.class_id for score in top.scores] == [score.class_id for score in full.scores]
    assert [score.score for score in top.scores] == pytest.approx([score.score for score in full.scores], abs=1e-6)


def test_a_broken_image_has_none(subject: Subject, engine: Fleet) -> None:
    broken = engine.submit(InferenceRequest(subject.broken, "", monotonic() + 30, "full"))
    image, expected = subject.scored(1)
    check(answers(engine, [image], ["full"])[0], expected)
    with pytest.raises(UndecodableImage):
        broken.result(30)
