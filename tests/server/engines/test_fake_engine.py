"""The engine without a model."""

from server.engines.fake_engine import fake_prediction
from server.types import EncodedImage, ImageFormat


def test_the_answer_is_a_distribution_that_depends_on_the_bytes() -> None:
    answers = [fake_prediction(EncodedImage(bytes([value]), ImageFormat.PNG, 1, 1)) for value in range(200)]
    assert {answer.scores[0].class_id for answer in answers} == set(range(10))
    assert sum(score.score for score in answers[0].scores) == 1
    assert {answer.all_scores for answer in answers} == {None}
