"""The vendor's softmax, bit for bit: it reads exponentials from tables and does not subtract the largest logit.

A logit is clipped to ±255 and truncated to steps of 1/65536. Its exponential is the product of two table entries, in float32.
From a logit of about 89 on it overflows. If the sum is below 1e-6, the logits stay as they are.
"""

from functools import cache

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

_BOUND = np.float32(255)
_STEPS = 65536  # steps per 1.0 of a logit; the low 12 bits and the next 12 index the tables
_BITS = 12
_SIZE = 1 << _BITS
_SMALLEST_SUM = 1e-6
# The C library's expf rounds three entries in the other direction: (negative, high), index, units in the last place.
_EXPF_ROUNDS = (((1, 0), 327, 1), ((1, 1), 1076, 1), ((0, 1), 781, -1))


@cache
def _tables() -> Floats:
    """(2, 2, 4096): e^(i/65536) and e^(i/16), and the same for negative exponents."""
    steps = np.arange(_SIZE)
    exponents = np.array([steps / _STEPS, steps * _SIZE / _STEPS])
    with np.errstate(over="ignore", under="ignore"):
        tables = np.exp(np.array([exponents, -exponents])).astype(np.float32)
    bits = tables.view(np.int32)
    for table, index, units in _EXPF_ROUNDS:
        bits[(*table, index)] += units
    return np.asarray(tables, np.float32)


def table_softmax(logits: Floats) -> Floats:
    """Softmax of (classes,). NaN counts as 0, because x86 converts it to the integer 0."""
    cut = np.clip(logits, -_BOUND, _BOUND)
    steps = (np.where(np.isnan(cut), np.float32(0), cut) * np.float32(_STEPS)).astype(np.int32)
    negative = (steps < 0).astype(np.intp)
    steps = np.abs(steps)
    tables = _tables()
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        powers = tables[negative, 0, steps & (_SIZE - 1)] * tables[negative, 1, steps >> _BITS]
        total: np.float32 = np.add.accumulate(powers)[-1]
        return logits if total < _SMALLEST_SUM else np.asarray(powers / total, np.float32)
