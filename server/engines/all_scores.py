"""The scores of all classes of an image: little-endian float32, in the order of the class ids."""

import numpy as np
import numpy.typing as npt

FLOAT32 = np.dtype("<f4")


def packed(scores: npt.ArrayLike) -> bytes:
    """The scores in the form in which they are sent and stored."""
    return np.asarray(scores, FLOAT32).tobytes()


def are_finite(all_scores: bytes) -> bool:
    """Whether every score is finite."""
    return bool(np.isfinite(np.frombuffer(all_scores, FLOAT32)).all())
