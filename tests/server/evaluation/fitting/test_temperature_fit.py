"""The temperature that labels were drawn with is found again."""

from dataclasses import dataclass

import numpy as np
import pytest

from server.calibration.prediction_sets import Ids
from server.calibration.temperature import Floats, probabilities_of
from server.evaluation.evaluation_errors import CalibrationRefused
from server.evaluation.fitting.temperature_fit import fit_temperature, negative_log_likelihood

LOGITS = np.random.default_rng(0).normal(0, 4, (6000, 20))


@dataclass(frozen=True)
class Drawn:
    """Logits, and labels drawn from their softmax at a temperature."""

    logits: Floats
    labels: Ids


def drawn(temperature: float, seed: int = 0) -> Drawn:
    chances = probabilities_of(LOGITS, temperature).cumsum(axis=1)
    labels = (np.random.default_rng(seed).random((len(LOGITS), 1)) > chances).sum(axis=1).clip(0, LOGITS.shape[1] - 1)
    return Drawn(LOGITS, labels)


@pytest.mark.parametrize("temperature", [0.6, 1.0, 1.7, 5.0])
def test_the_temperature_of_the_labels_is_found(temperature: float) -> None:
    some = drawn(temperature)
    found = fit_temperature(some.logits, some.labels)
    assert found == pytest.approx(temperature, rel=0.05)
    least = negative_log_likelihood(some.logits, some.labels, found)
    for other in (0.98 * found, 1.02 * found):
        assert least < negative_log_likelihood(some.logits, some.labels, other)


def test_the_likelihood_is_that_of_the_probabilities() -> None:
    some = drawn(2.0)
    right = probabilities_of(some.logits, 2.0)[np.arange(len(some.labels)), some.labels]
    assert negative_log_likelihood(some.logits, some.labels, 2.0) == pytest.approx(-np.log(right).mean())


def test_a_constant_of_each_image_changes_nothing() -> None:
    some = drawn(1.7)
    shifted = some.logits + np.arange(len(some.labels))[:, None]
    assert fit_temperature(shifted, some.labels) == pytest.approx(fit_temperature(some.logits, some.labels), rel=1e-6)


def test_no_wrong_answer_has_no_best_temperature() -> None:
    with pytest.raises(CalibrationRefused, match="learned from wrong answers"):
        fit_temperature(LOGITS, LOGITS.argmax(axis=1))


def test_labels_that_the_scores_do_not_know() -> None:
    with pytest.raises(CalibrationRefused, match="Check the labels"):
        fit_temperature(LOGITS, LOGITS.argmin(axis=1))
