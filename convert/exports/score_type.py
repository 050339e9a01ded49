"""Tells what scores are from what they do."""

from typing import Literal

import numpy as np

from convert.exports.score_probe import Rows

ScoreType = Literal["logit", "probability", "log_probability"]
Verdict = ScoreType | Literal["bounded", "negated", "saturated", "still", "not finite"]
"""`bounded`: between 0 and 1 without one sum, as sigmoids are; or of another sum than 1; or always the same.

`negated`: minus the logarithms of probabilities. `saturated`: one class has all the probability in every row, so that neither a power
nor the base of a logarithm shows. `still`: every picture has the same scores, and they are not probabilities.
"""

EXACT = 2e-3  # float16 rounds a sum of a thousand probabilities by less
LOGARITHM = 1e-2  # float16 rounds a logarithm of -10 by 0.005
STILL = 1e-7
DOUBT = 0.05  # what the best class of a row leaves to the others, where its sum is a proof


def score_type(rows: Rows) -> Verdict:
    """What rows of scores are, one row a picture.

    Probabilities are nowhere negative and sum to 1 in all rows. Another sum that all rows have is that of several softmaxes, of
    percent, or of 1 - probability: one cannot tell.
    """
    if not np.isfinite(rows).all():
        return "not finite"
    sums = rows.sum(axis=1)
    moves = float(np.ptp(rows, axis=0).max()) > STILL * max(1.0, float(np.abs(rows).max()))
    if rows.min() >= 0 and _one(sums, 1.0, EXACT):
        return "probability" if _doubts(rows) else "saturated"
    if _one(np.ptp(rows, axis=1), 0.0, STILL) and not moves:
        return "still"
    if moves and rows.min() >= 0 and sums.mean() > 0 and _one(sums / sums.mean(), 1.0, EXACT):
        return "bounded"
    if rows.max() <= LOGARITHM and _one(np.exp(rows).sum(axis=1), 1.0, LOGARITHM):
        return "log_probability" if _doubts(np.exp(rows)) else "saturated"
    if rows.min() >= -LOGARITHM and moves and _one(np.exp(-rows).sum(axis=1), 1.0, LOGARITHM):
        return "negated"
    if rows.min() >= 0 and rows.max() <= 1:
        return "bounded"
    return "logit"


def _doubts(probabilities: Rows) -> bool:
    return bool((probabilities.max(axis=1) < 1 - DOUBT).any())


def _one(values: Rows, target: float, tolerance: float) -> bool:
    return bool((np.abs(values - target) <= tolerance).all())
