"""A temperature makes probabilities p^(1/T), whatever kind of scores they come from."""

import numpy as np
import pytest

from server.calibration.temperature import SMALLEST, logits_of, probabilities_of
from server.types import ScoreType

LOGITS = np.random.default_rng(0).normal(0, 5, (40, 12)).astype(np.float32)
SOFTMAX = (np.exp(LOGITS) / np.exp(LOGITS).sum(axis=1, keepdims=True)).astype(np.float32)


@pytest.mark.parametrize("temperature", [0.25, 1.0, 3.0])
@pytest.mark.parametrize(("scores", "score_type"), [(LOGITS, "logit"), (SOFTMAX, "probability")])
def test_probabilities_to_the_power_of_the_inverse(scores: np.ndarray, score_type: ScoreType, temperature: float) -> None:
    powers = SOFTMAX.astype(np.float64) ** (1 / temperature)
    found = probabilities_of(logits_of(scores, score_type), temperature)
    assert found == pytest.approx(powers / powers.sum(axis=1, keepdims=True), abs=1e-6)
    assert found.sum(axis=1) == pytest.approx(1, abs=1e-12)


def test_one_image_and_a_probability_of_zero() -> None:
    found = probabilities_of(logits_of(np.array([0.0, 1.0], np.float32), "probability"), 2)
    assert found == pytest.approx([SMALLEST**0.5, 1])


def test_large_logits_do_not_overflow() -> None:
    assert probabilities_of(logits_of(np.array([3e4, 1e4], np.float32), "logit"), 0.02) == pytest.approx([1, 0])
