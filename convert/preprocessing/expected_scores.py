"""The scores that a model must give for a picture, as its training wrote them: a `.npy` of logits or of probabilities."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from convert.conversion_errors import ConvertError

MAX_BYTES = 1 << 20
MAX_SHARE = 0.02
"""The largest difference of two logarithms of probabilities, as a share of the span of the expected ones. EfficientNet-Lite0 on four
JPEGs: 0.000 for the right recipe, 0.02 to 0.10 for another interpolation, 0.11 to 0.74 for other colours, scale, mean, std or resize."""
_LEAST = 1e-30  # a probability below it is none: its logarithm would be the noise of float32
_SUM_ERROR = 1e-3

Floats = NDArray[np.float64]


def read_scores(path: Path, classes: int) -> Floats:
    """The logarithms of the probabilities, (classes,), of a file of logits or probabilities. Raises ConvertError."""
    try:
        if not path.is_file() or path.stat().st_size > MAX_BYTES:
            raise ConvertError(f"{path} is not a file of at most {MAX_BYTES} bytes.", "Write the scores with numpy.save.")
        scores = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise ConvertError(f"{path} cannot be read: {error}.", "Write the scores with numpy.save.") from error
    fits = isinstance(scores, np.ndarray) and scores.shape in ((classes,), (1, classes)) and scores.dtype.kind == "f"
    if not fits or not np.isfinite(scores).all():
        shape = list(scores.shape) if isinstance(scores, np.ndarray) else "no array"
        raise ConvertError(f"{path} holds {shape}, and not {classes} finite numbers.", "Write the scores of one picture with numpy.save.")
    return logs_of(np.asarray(scores, np.float64).reshape(-1))


def logs_of(scores: Floats) -> Floats:
    """The logarithms of the probabilities that these logits or probabilities are."""
    if scores.min() >= 0 and abs(scores.sum() - 1) < _SUM_ERROR:
        return np.asarray(np.log(np.maximum(scores, _LEAST)))
    shifted = scores - scores.max()
    return np.asarray(np.maximum(shifted - np.log(np.exp(shifted).sum()), np.log(_LEAST)))


def share_of_difference(expected: Floats, found: Floats) -> float:
    """The largest difference of two logarithms of probabilities, as a share of the span of the expected ones."""
    return float(np.abs(expected - found).max() / max(float(np.ptp(expected)), 1e-9))
