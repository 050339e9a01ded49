"""The temperature that labels were drawn with is found again."""

from dataclasses import dataclass

import numpy as np
import pytest

from server.calibration.prediction_sets import Ids
from server.calibration.temperature import Floats, probabilities_of
from server.evaluation.evaluation_errors import CalibrationRefused
from server.evaluation.fitting.temperature_fit import fit_temperature, negative_log_likelihood
from tests.server.evaluation.fitting.temperature_information import images_needed

CLASSES = 20
TEMPERATURES = (0.7, 1.0, 1.5, 2.5)
CLOSE = 0.05


@dataclass(frozen=True)
class Drawn:
    """Logits, and labels drawn from their softmax at a temperature."""

    logits: Floats
    labels: Ids


def drawn(temperature: float, seed: int = 0, images: int = 6000) -> Drawn:
    random = np.random.default_rng(seed)
    logits = random.normal(0, 4, (images, CLASSES))
    chances = probabilities_of(logits, temperature).cumsum(axis=1)
    labels = (random.random((images, 1)) > chances).sum(axis=1).clip(0, CLASSES - 1)
    return Drawn(logits, labels)


LOGITS = drawn(1.0).logits


@pytest.mark.parametrize("temperature", TEMPERATURES)
def test_the_temperature_of_the_labels_is_found(temperature: float) -> None:
    """Within 5 %, for each of 20 seeds, with so many images that this is four standard errors. It is not biased by half of one."""
    images = images_needed(LOGITS, temperature, CLOSE / 4)
    found = [fit_temperature(some.logits, some.labels) for some in (drawn(temperature, seed, images) for seed in range(20))]
    off = np.array([each.value for each in found]) / temperature - 1
    assert np.abs(off).max() < CLOSE
    assert abs(off.mean()) < CLOSE / 8  # the mean of 20 has an error of CLOSE / 4 / 20 ** 0.5
    assert [each.error for each in found] == pytest.approx([CLOSE / 4] * 20, rel=0.1)
    held = sum(low < temperature < high for low, high in (each.interval for each in found))
    assert held >= 16  # of 20 at 95 %: fewer has a probability of 0.3 %


@pytest.mark.parametrize("temperature", [0.6, 5.0])
def test_it_has_the_least_likelihood(temperature: float) -> None:
    some = drawn(temperature)
    found = fit_temperature(some.logits, some.labels).value
    least = negative_log_likelihood(some.logits, some.labels, found)
    for other in (0.98 * found, 1.02 * found):
        assert least < negative_log_likelihood(some.logits, some.labels, other)


def test_the_error_is_that_of_resampled_images() -> None:
    """Also where no temperature is right: of a fifth of the images the label is any."""
    some, random = drawn(1.5, images=2000), np.random.default_rng(0)
    labels = np.where(random.random(2000) < 0.2, random.integers(0, CLASSES, 2000), some.labels)
    found = fit_temperature(some.logits, labels)
    resampled = [fit_temperature(some.logits[part], labels[part]).value for part in random.integers(0, 2000, (100, 2000))]
    assert found.error == pytest.approx(np.std(np.log(resampled)), rel=0.25)


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
