"""What it brings to answer only where the model is confident: accuracy against the share of images that are answered."""

from math import floor, log2

from pydantic import BaseModel

from server.evaluation.report.intervals import Share

SHOWN = (1.0, 0.99, 0.95, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1)
_STEPS = 256  # for each halving of the doubt, 1 - confidence: scores near 1 are told apart, and a bin is 0.3 % of its doubt
_LEAST_DOUBT = 2.0**-30  # a float32 below 1 has a doubt of 2 ** -24 at least


class SelectiveRow(BaseModel, frozen=True):
    """The images whose best score is at least `threshold`: a share `coverage` of all, and how many of them are right."""

    coverage: float
    threshold: float
    accuracy: Share


class SelectiveTally:
    """Collects scores in bins, in memory that does not grow with the images."""

    def __init__(self) -> None:
        self._bins: dict[int, tuple[int, int, float]] = {}  # images, right ones, least score

    def add(self, confidence: float, *, correct: bool) -> None:
        """Count an answered image with a label."""
        doubt = min(1.0, max(_LEAST_DOUBT, 1 - confidence))
        place = floor(-log2(doubt) * _STEPS)
        images, right, least = self._bins.get(place, (0, 0, confidence))
        self._bins[place] = images + 1, right + correct, min(least, confidence)

    def rows(self) -> tuple[SelectiveRow, ...]:
        """The accuracy for falling shares: each row has at least the share, with whole bins, and no two rows are the same images."""
        total = sum(images for images, _, _ in self._bins.values())
        found: dict[int, SelectiveRow] = {}  # by the number of images
        images = right = 0
        wanted = sorted(SHOWN)
        for place in sorted(self._bins, reverse=True):
            more, more_right, threshold = self._bins[place]
            images, right = images + more, right + more_right
            while wanted and images >= wanted[0] * total - 1e-9:
                wanted.pop(0)
                found[images] = SelectiveRow(coverage=images / total, threshold=threshold, accuracy=Share.of(right, images))
        return tuple(found[images] for images in sorted(found, reverse=True))
