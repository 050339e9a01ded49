"""Which classes were taken for which, as a matrix that a person can look at."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel

MOST_CLASSES = 50


class Confusion(BaseModel, frozen=True):
    """`counts[i][j]` images of class `classes[i]` were answered as class `classes[j]`; `others[i]` as a class that is not shown.

    All classes with a label or an answer are shown, at most 50: of more, those with the most images in confusions, of the class or
    taken for it. `of` is the number of all.
    """

    classes: tuple[int, ...]
    names: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]
    others: tuple[int, ...]
    of: int


def confusion_of(matrix: npt.NDArray[np.int32], class_names: Sequence[str]) -> Confusion | None:
    """The part of a matrix [label, answer] that is shown; None without an answer to a labelled image."""
    rows, columns = matrix.sum(axis=1), matrix.sum(axis=0)
    present = np.flatnonzero(rows + columns)
    if not present.size:
        return None
    wrong = rows + columns - 2 * matrix.diagonal()
    most = present[np.argsort(-wrong[present], kind="stable")][:MOST_CLASSES]
    chosen = np.sort(most)
    counts = matrix[np.ix_(chosen, chosen)]
    return Confusion(
        classes=tuple(chosen.tolist()),
        names=tuple(class_names[class_id] for class_id in chosen),
        counts=tuple(tuple(row) for row in counts.tolist()),
        others=tuple((rows[chosen] - counts.sum(axis=1)).tolist()),
        of=len(present),
    )
