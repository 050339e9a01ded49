"""Finds the temperature that makes the right classes most probable (Guo and others, 2017)."""

from math import exp, log, sqrt
from typing import NamedTuple

import numpy as np

from server.calibration.prediction_sets import Ids
from server.calibration.temperature import Floats, probabilities_of
from server.evaluation.evaluation_errors import CalibrationRefused
from server.evaluation.report.intervals import Z_95

COLDEST, HOTTEST = 0.02, 50.0
_STEPS = 100
_CLOSE = 1e-9  # of the logarithm of the temperature
_ROWS = 1024  # at once, which bounds the memory


class FittedTemperature(NamedTuple):
    """A temperature, and the standard error of its logarithm, which is that of the temperature as a share of it."""

    value: float
    error: float

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval."""
        factor = exp(Z_95 * self.error)
        return self.value / factor, self.value * factor


def fit_temperature(logits: Floats, labels: Ids) -> FittedTemperature:
    """The temperature with the least negative log-likelihood; raises CalibrationRefused if it has no least value.

    Its error is that of an M-estimator: the deviation of the images' slopes over the curvature. If the labels come from the softmax at some
    temperature, the two are the Fisher information, and this is 1 / sqrt(information); if they do not, it holds all the same.

    In 1/T the likelihood is convex: Newton's steps, and a bisection where a step leads out of the bounds.
    """
    low, high = -log(HOTTEST), -log(COLDEST)  # of log(1/T)
    if _slopes(logits, labels, exp(high)).slope < 0:
        raise CalibrationRefused(
            f"All {len(labels)} images of the first half have the right class as their best, so that no temperature is the best one.",
            "Take a larger set, or a harder one: a calibration is learned from wrong answers.",
        )
    if _slopes(logits, labels, exp(low)).slope > 0:
        raise CalibrationRefused(
            "The scores say nothing of the labels: they fit best if all classes are equally probable.",
            "Check the labels of the set; the report of the evaluation shows the accuracy.",
        )
    now = 0.0
    for _ in range(_STEPS):
        slope, curvature, _ = _slopes(logits, labels, exp(now))
        low, high = (now, high) if slope < 0 else (low, now)
        target = exp(now) - slope / curvature if curvature > 0 else 0.0
        former, now = now, log(target) if exp(low) < target < exp(high) else (low + high) / 2
        if abs(now - former) < _CLOSE:
            break
    found = _slopes(logits, labels, exp(now))
    return FittedTemperature(exp(-now), sqrt(found.squares / len(labels)) / (found.curvature * exp(now)))


def negative_log_likelihood(logits: Floats, labels: Ids, temperature: float) -> float:
    """The mean over the images of minus the logarithm of the right class's probability."""
    scaled = logits / temperature
    scaled -= scaled.max(axis=1, keepdims=True)
    return float(np.mean(np.log(np.exp(scaled).sum(axis=1)) - scaled[np.arange(len(labels)), labels]))


class _Slopes(NamedTuple):
    """Means over the images: the first and the second derivative of the negative log-likelihood by 1/T, and the first one squared."""

    slope: float
    curvature: float
    squares: float


def _slopes(logits: Floats, labels: Ids, inverse: float) -> _Slopes:
    slope = curvature = squares = 0.0
    for start in range(0, len(labels), _ROWS):
        some = logits[start : start + _ROWS]
        probabilities = probabilities_of(some, 1 / inverse)
        right = np.take_along_axis(some, labels[start : start + _ROWS, None], axis=1)
        apart = some - right
        mean = (probabilities * apart).sum(axis=1)
        slope += float(mean.sum())
        curvature += float((probabilities * (apart - mean[:, None]) ** 2).sum())
        squares += float((mean**2).sum())
    return _Slopes(slope / len(labels), curvature / len(labels), squares / len(labels))
