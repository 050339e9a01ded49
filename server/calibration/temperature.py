"""Temperature scaling (Guo and others, 2017): the only place where a temperature meets scores.

Probabilities p become p^(1/T), scaled to a sum of one. Their logarithms are logits up to a constant, so both kinds of scores have one way.
"""

import numpy as np
import numpy.typing as npt

from server.types import ScoreType

Floats = npt.NDArray[np.float64]

SMALLEST = float(np.finfo(np.float32).tiny)
"""A float32 has no smaller normal number: a probability of zero counts as this one, whose power is seen from a temperature of 8 on."""


def logits_of(scores: npt.NDArray[np.float32], score_type: ScoreType) -> Floats:
    """Logits, up to a constant for each image, from scores of the shape [..., classes]."""
    exact = scores.astype(np.float64)
    return exact if score_type == "logit" else np.log(np.maximum(exact, SMALLEST))


def probabilities_of(logits: Floats, temperature: float) -> Floats:
    """The probabilities of logits of the shape [..., classes] at a temperature; over 1 it makes them less sure."""
    scaled = logits / temperature
    scaled -= scaled.max(axis=-1, keepdims=True)
    np.exp(scaled, out=scaled)
    scaled /= scaled.sum(axis=-1, keepdims=True)
    return scaled
