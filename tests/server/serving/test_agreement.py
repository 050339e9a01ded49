"""Two answers to one image, compared."""

import pytest

from server.serving.agreement import ShadowAgreement, compared, largest_difference
from server.types import ClassScore, Prediction, ScoreType


def answer(*scores: tuple[int, float], kind: ScoreType = "probability") -> Prediction:
    return Prediction(tuple(ClassScore(class_id, "", score) for class_id, score in scores), "stream", kind)


def test_the_best_class_decides() -> None:
    assert compared(answer((1, 0.6), (2, 0.4)), answer((1, 0.9), (3, 0.1))) == "same"
    assert compared(answer((1, 0.6), (2, 0.4)), answer((2, 0.6), (1, 0.4))) == "other"


def test_the_largest_difference_of_a_class() -> None:
    assert largest_difference(answer((1, 0.6), (2, 0.3)), answer((2, 0.7), (1, 0.2))) == pytest.approx(0.4)
    assert largest_difference(answer((1, 0.6), (2, 0.3)), answer((1, 0.6), (3, 0.1))) == pytest.approx(0.2)  # 2 has at most 0.1 there
    assert largest_difference(answer((1, 0.6)), answer((1, 9.0), kind="logit")) is None


def test_the_share_is_of_what_could_be_compared() -> None:
    agreement = ShadowAgreement()
    assert (agreement.share, agreement.mean_difference) == (None, None)
    agreement.outcomes |= {"same": 3, "other": 1, "failed": 5, "dropped": 7}
    agreement.difference, agreement.differences = 1.0, 4
    assert (agreement.share, agreement.mean_difference) == (0.75, 0.25)
