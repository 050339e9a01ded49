"""Finds the temperature that makes the right classes most probable (Guo and others, 2017)."""

from math import exp, log

import numpy as np

from server.calibration.prediction_sets import Ids
from server.calibration.temperature import Floats, probabilities_of
from server.evaluation.evaluation_errors import CalibrationRefused

COLDEST, HOTTEST = 0.02, 50.0
_STEPS = 100
_CLOSE = 1e-9  # of the logarithm of the temperature
_ROWS = 1024  # at once, which bounds the memory


def fit_temperature(logits: Floats, labels: Ids) -> float:
    """The temperature with the least negative log-likelihood; raises CalibrationRefused if it has no least value.

    In 1/T the likelihood is convex: Newton's steps, and a bisection where a step leads out of the bounds.
    """
    low, high = -log(HOTTEST), -log(COLDEST)  # of log(1/T)
    if _slopes(logits, labels, exp(high))[0] < 0:
        raise CalibrationRefused(
            f"All {len(labels)} images of the first half have the right class as their best, so that no temperature is the best one.",
            "Take a larger set, or a harder one: a calibration is learned from wrong answers.",
        )
    if _slopes(logits, labels, exp(low))[0] > 0:
        raise CalibrationRefused(
            "The scores say nothing of the labels: they fit best if all classes are equally probable.",
            "Check the labels of the set; the report of the evaluation shows the accuracy.",
        )
    now = 0.0
    for _ in range(_STEPS):
        slope, curvature = _slopes(logits, labels, exp(now))
        low, high = (now, high) if slope < 0 else (low, now)
        target = exp(now) - slope / curvature if curvature > 0 else 0.0
        former, now = now, log(target) if exp(low) < target < exp(high) else (low + high) / 2
        if abs(now - former) < _CLOSE:
            break
    return exp(-now)


def negative_log_likelihood(logits: Floats, labels: Ids, temperature: float) -> float:
    """The mean over the images of minus the logarithm of the right class's probability."""
    scaled = logits / temperature
    scaled -= scaled.max(axis=1, keepdims=True)
    return float(np.mean(np.log(np.exp(scaled).sum(axis=1)) - scaled[np.arange(len(labels)), labels]))


def _slopes(logits: Floats, labels: Ids, inverse: float) -> tuple[float, float]:
    """The first and the second derivative of the negative log-likelihood by 1/T."""
    slope = curvature = 0.0
    for start in range(0, len(labels), _ROWS):
        some = logits[start : start + _ROWS]
        probabilities = probabilities_of(some, 1 / inverse)
        right = np.take_along_axis(some, labels[start : start + _ROWS, None], axis=1)
        apart = some - right
        mean = (probabilities * apart).sum(axis=1)
        slope += float(mean.sum())
        curvature += float((probabilities * (apart - mean[:, None]) ** 2).sum())
    return slope / len(labels), curvature / len(labels)
