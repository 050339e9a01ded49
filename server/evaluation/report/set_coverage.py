"""How often the prediction sets of a calibrated model hold the right class, and how large they are."""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel

from server.calibration.prediction_sets import scores_by_rank
from server.calibration.temperature import logits_of, probabilities_of
from server.evaluation.report.intervals import Share
from server.evaluation.run.records import Record
from server.evaluation.run.run_manifest import RunManifest

SHOWN = ("0.8", "0.9", "0.95", "0.99")

Scores = npt.NDArray[np.float32]
ScoresOf = Callable[[int], Scores]
"""The scores of all classes of an image of the list, by its index."""


class SetRow(BaseModel, frozen=True):
    """Of a coverage that is asked for: the share of images with the right class in their set, and the number of classes in a set."""

    asked: float
    covered: Share
    mean_classes: float
    most_classes: int


class SetTally:
    """Makes the prediction sets of a run again, from the scores of all classes and the calibration in its manifest."""

    def __init__(self, manifest: RunManifest, scores_of: ScoresOf | None) -> None:
        fitted = manifest.calibration
        kept = fitted.thresholds if fitted else {}
        self._temperature = fitted.temperature if fitted else 1.0
        self._thresholds = {float(name): kept[name] for name in SHOWN if name in kept}
        self._manifest = manifest
        self._groups = {ids[0]: ids for ids in manifest.groups.values()}
        self._scores_of = scores_of
        self._images = 0
        self._right, self._classes, self._most = (dict.fromkeys(self._thresholds, 0) for _ in range(3))

    def add(self, served: Record) -> None:
        """Count an answered image with a label, as it was served: the classes of groups are apart in it."""
        if served.label is None or not self._thresholds or (scores := self._scores(served)) is None:
            return
        probabilities = probabilities_of(logits_of(scores, self._manifest.score_type), self._temperature)
        order, before = np.argsort(-probabilities, kind="stable"), scores_by_rank(probabilities)
        rank = int(np.flatnonzero(np.isin(order, self._groups.get(served.label, (served.label,))))[0])
        self._images += 1
        for asked, threshold in self._thresholds.items():
            classes = int(np.searchsorted(before, threshold, side="right"))
            self._right[asked] += rank < classes
            self._classes[asked] += classes
            self._most[asked] = max(self._most[asked], classes)

    def rows(self) -> tuple[SetRow, ...]:
        """A row for each coverage; none if the model was not calibrated, or if the run has not the scores of all classes."""
        return tuple(
            SetRow(
                asked=asked,
                covered=Share.of(self._right[asked], self._images),
                mean_classes=self._classes[asked] / self._images,
                most_classes=self._most[asked],
            )
            for asked in self._thresholds
            if self._images
        )

    def _scores(self, served: Record) -> Scores | None:
        if self._scores_of:
            return self._scores_of(served.index)
        return scores_in_order(served.top, self._manifest.classes)


def scores_in_order(top: Sequence[tuple[int, float]], classes: int) -> Scores | None:
    """The scores of all classes by their ids, if the answer has all: a model with few classes."""
    if len(top) != classes:
        return None
    scores = np.empty(classes, np.float32)
    for class_id, score in top:
        scores[class_id] = score
    return scores
