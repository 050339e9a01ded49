"""How reliable the scores are: confidence against accuracy."""

from bisect import bisect_left
from collections.abc import Sequence

from pydantic import BaseModel

from server.evaluation.report.intervals import Share

BINS = 15
FEWEST_OF_CLASS = 20
"""With fewer answers the interval of a class is wider than any gap that matters."""
_BOUNDS = tuple(number / BINS for number in range(1, BINS))  # a bin includes its upper bound
_UNIT = 1 << 60  # sums are whole numbers, so that they do not depend on the order of the images
_ROUNDING = 1e-4  # a softmax in half precision may add up to a little more than 1


class Bin(BaseModel, frozen=True):
    """The images whose best score is in (lower, upper], and the number of right ones; the means are None without images."""

    lower: float
    upper: float
    count: int
    correct: int
    confidence: float | None
    accuracy: float | None


class Calibration(BaseModel, frozen=True):
    """The expected and the largest calibration error (Guo and others, 2017: equal bins), over the images with an answer."""

    ece: float
    mce: float
    mean_confidence: float
    bins: tuple[Bin, ...]


class ClassCalibration(BaseModel, frozen=True):
    """The images answered as a class: how many are right, and the mean of their best scores."""

    class_id: int
    name: str
    accuracy: Share
    confidence: float

    @property
    def gap(self) -> float:
        """By how much the class is too sure; below zero it is too cautious."""
        return self.confidence - (self.accuracy.value or 0.0)


class Confidences:
    """Collects the data for a calibration."""

    def __init__(self) -> None:
        self._counts = [0] * BINS
        self._correct = [0] * BINS
        self._sums = [0] * BINS  # in units
        self._probabilities = True
        self._classes: dict[int, tuple[int, int, int]] = {}  # images, right ones, units, by the class of the answer

    def add(self, confidence: float, predicted: int, *, correct: bool) -> None:
        """Count an image's best class and its score."""
        self._probabilities &= -_ROUNDING <= confidence <= 1 + _ROUNDING
        place = bisect_left(_BOUNDS, confidence)
        self._counts[place] += 1
        self._correct[place] += correct
        self._sums[place] += (units := int(confidence * _UNIT))
        images, right, sum_units = self._classes.get(predicted, (0, 0, 0))
        self._classes[predicted] = images + 1, right + correct, sum_units + units

    def calibration(self) -> Calibration | None:
        """The calibration, or None without images or if the scores are not probabilities."""
        total = sum(self._counts)
        if not total or not self._probabilities:
            return None
        bins = tuple(self._bin(place) for place in range(BINS))
        gaps = [abs(correct - units / _UNIT) for correct, units in zip(self._correct, self._sums, strict=True)]
        return Calibration(
            ece=sum(gaps) / total,
            mce=max(gap / count for gap, count in zip(gaps, self._counts, strict=True) if count),
            mean_confidence=sum(self._sums) / _UNIT / total,
            bins=bins,
        )

    def by_class(self, class_names: Sequence[str]) -> tuple[ClassCalibration, ...]:
        """The classes with at least 20 answers, by id; none if the scores are not probabilities."""
        return tuple(
            ClassCalibration(
                class_id=class_id, name=class_names[class_id], accuracy=Share.of(right, images), confidence=units / _UNIT / images
            )
            for class_id, (images, right, units) in sorted(self._classes.items())
            if images >= FEWEST_OF_CLASS and self._probabilities
        )

    def _bin(self, place: int) -> Bin:
        count, correct = self._counts[place], self._correct[place]
        return Bin(
            lower=place / BINS,
            upper=(place + 1) / BINS,
            count=count,
            correct=correct,
            confidence=self._sums[place] / _UNIT / count if count else None,
            accuracy=correct / count if count else None,
        )
