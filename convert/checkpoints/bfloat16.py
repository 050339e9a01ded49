"""bfloat16, which NumPy does not know: the upper half of a float32."""

import numpy as np

BFLOAT16 = np.dtype([("bfloat16", "<u2")])  # a name of its own, lest it be taken for integers


def widened(array: np.ndarray) -> np.ndarray:
    """A bfloat16 array as float32, exactly; any other as it is."""
    if array.dtype != BFLOAT16:
        return array
    return (array["bfloat16"].astype("<u4") << 16).view("<f4")
