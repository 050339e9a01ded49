"""Prediction sets by split conformal prediction with adaptive scores (APS: Romano, Sesia and Candès, 2020), without randomisation.

The score of a class is the probability of all classes before it, of which the best class has none. A set holds the classes whose score
is at most the threshold, so it is never empty. With the threshold of n images, a new image of the same kind has its right class in the
set with at least the asked probability: of n + 1 exchangeable images, each may have the largest score as well as any other.
"""

from collections.abc import Iterable
from math import ceil

import numpy as np
import numpy.typing as npt

from server.calibration.coverage_levels import LEVELS, WHOLE
from server.calibration.temperature import Floats

Ids = npt.NDArray[np.int64]

_DIGITS = 10**9  # of a threshold, rounded up, which also covers the order in which probabilities are added


def scores_of_labels(probabilities: Floats, labels: Ids) -> Floats:
    """The score of the right class, [images], from probabilities [images, classes]. Among equal classes the lower id is first."""
    own = np.take_along_axis(probabilities, labels[:, None], axis=1)
    ids = np.arange(probabilities.shape[1])
    before = (probabilities > own) | ((probabilities == own) & (ids < labels[:, None]))
    scores: Floats = np.where(before, probabilities, 0.0).sum(axis=1)
    return scores


def scores_by_rank(probabilities: Floats) -> Floats:
    """The scores of the classes from the best to the last, in the shape of the probabilities [..., classes]."""
    return _before(-np.sort(-probabilities, axis=-1))


def members(probabilities: Floats, threshold: float) -> Ids:
    """The ids of the classes in the set of one image, best first, from its probabilities [classes]."""
    order = np.argsort(-probabilities, kind="stable")
    return order[: int(np.searchsorted(_before(probabilities[order]), threshold, side="right"))]


def _before(falling: Floats) -> Floats:
    scores = np.zeros_like(falling)
    np.cumsum(falling[..., :-1], axis=-1, out=scores[..., 1:])
    return scores


def thresholds_of(scores: Floats) -> dict[str, float]:
    """The threshold of each coverage that this number of images can give."""
    images, rising = len(scores), np.sort(scores)
    ranks = {level: -(-(images + 1) * level // WHOLE) for level in LEVELS}
    return {_name(level): ceil(min(1.0, float(rising[rank - 1])) * _DIGITS) / _DIGITS for level, rank in ranks.items() if rank <= images}


def images_for(coverage: float) -> int:
    """The fewest images whose scores give a threshold for a coverage, at most MOST_COVERAGE."""
    level: int = next(level for level in LEVELS if level / WHOLE >= coverage)
    return -(-level // (WHOLE - level))


def enough(coverage: float, coverages: Iterable[float]) -> float | None:
    """The smallest of the coverages that is not below the asked one, or None."""
    return min((each for each in coverages if each >= coverage), default=None)


def _name(level: int) -> str:
    return f"{level / WHOLE:g}"
