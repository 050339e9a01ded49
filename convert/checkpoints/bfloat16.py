"""bfloat16, which NumPy knows only through ml_dtypes."""

import ml_dtypes
import numpy as np

BFLOAT16 = np.dtype(ml_dtypes.bfloat16)


def widened(array: np.ndarray) -> np.ndarray:
    """Convert a bfloat16 array to float32, exactly; return any other array unchanged."""
    return array.astype(np.float32) if array.dtype == BFLOAT16 else array
