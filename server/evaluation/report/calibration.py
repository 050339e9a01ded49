"""How reliable the scores are: confidence against accuracy."""

from bisect import bisect_left

from pydantic import BaseModel

BINS = 15
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


class Confidences:
    """Collects the data for a calibration."""

    def __init__(self) -> None:
        self._counts = [0] * BINS
        self._correct = [0] * BINS
        self._sums = [0] * BINS  # in units
        self._probabilities = True

    def add(self, confidence: float, *, correct: bool) -> None:
        """Count an image's best score."""
        self._probabilities &= -_ROUNDING <= confidence <= 1 + _ROUNDING
        place = bisect_left(_BOUNDS, confidence)
        self._counts[place] += 1
        self._correct[place] += correct
        self._sums[place] += int(confidence * _UNIT)

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
