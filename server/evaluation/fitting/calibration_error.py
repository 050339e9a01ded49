"""The expected calibration error of several kinds of scores of the same images, with intervals by the bootstrap."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from server.calibration.temperature import Floats
from server.evaluation.report.calibration import BINS

RESAMPLES = 1000
_BOUNDS = np.arange(1, BINS) / BINS  # a bin includes its upper bound
_TAILS = (2.5, 97.5)


class CalibrationError(NamedTuple):
    """An expected calibration error with its 95 % interval, and its value in each resample of the images."""

    value: float
    interval: tuple[float, float]
    resampled: Floats


def calibration_errors(confidences: Sequence[Floats], correct: npt.NDArray[np.bool_], seed: int = 0) -> list[CalibrationError]:
    """The error for each kind of confidences [images]; the resamples are the same for all, so that they can be compared in pairs."""
    random, images = np.random.default_rng(seed), len(correct)
    places = [np.searchsorted(_BOUNDS, each, side="left") for each in confidences]
    gaps = [correct - each for each in confidences]
    once = np.ones(images)
    resampled = np.empty((RESAMPLES, len(confidences)))
    for row in resampled:
        times = np.bincount(random.integers(0, images, images), minlength=images)
        row[:] = [_error(place, gap, times) for place, gap in zip(places, gaps, strict=True)]
    return [
        CalibrationError(_error(place, gap, once), _interval(column), column)
        for place, gap, column in zip(places, gaps, resampled.T, strict=True)
    ]


def _error(places: npt.NDArray[np.intp], gaps: Floats, times: npt.NDArray[np.float64] | npt.NDArray[np.intp]) -> float:
    return float(np.abs(np.bincount(places, weights=gaps * times, minlength=BINS)).sum() / len(gaps))


def _interval(resampled: Floats) -> tuple[float, float]:
    low, high = np.percentile(resampled, _TAILS).tolist()
    return low, high
