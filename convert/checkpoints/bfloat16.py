"""bfloat16, which NumPy knows by ml_dtypes only."""

import ml_dtypes
import numpy as np

BFLOAT16 = np.dtype(ml_dtypes.bfloat16)


def widened(array: np.ndarray) -> np.ndarray:
    """A bfloat16 array as float32, exactly; any other as it is."""
    return array.astype(np.float32) if array.dtype == BFLOAT16 else array
