"""Where two runs differ over the same labelled images: class by class, and image by image."""

from bisect import insort
from collections import defaultdict
from collections.abc import Mapping
from typing import Literal, NamedTuple

from pydantic import BaseModel

from server.evaluation.report.intervals import mcnemar_p, paired_difference

MAX_FLIPPED = 30
NO_CLASS = -1


class Side(NamedTuple):
    """The best class of a run for an image and its score; NO_CLASS for a failure."""

    predicted: int
    score: float


class ClassDifference(BaseModel, frozen=True):
    """The images of one class: how many each run got right, the difference B minus A with its 95 % interval, and McNemar's exact p."""

    class_id: int
    name: str
    images: int
    right_a: int
    right_b: int
    difference: float
    interval: tuple[float, float]
    mcnemar_p: float


class FlippedImage(BaseModel, frozen=True):
    """An image that only run `right` got right; a failure has no class, no name of one and no score."""

    name: str
    right: Literal["a", "b"]
    label: int
    label_name: str
    predicted_a: int | None
    predicted_b: int | None
    name_a: str | None
    name_b: str | None
    score_a: float | None
    score_b: float | None


class Differences:
    """Counts images with a label that both runs have."""

    def __init__(self, class_names: Mapping[int, str]) -> None:
        self._names = class_names
        self._cases: dict[int, list[int]] = defaultdict(lambda: [0, 0, 0, 0])  # by class: neither, only B, only A, both
        self._flipped: dict[bool, list[tuple[float, str, FlippedImage]]] = {True: [], False: []}  # by whether A is right, surest first

    def add(self, name: str, label: int, a: Side, b: Side) -> None:
        """Count one image."""
        right_a, right_b = a.predicted == label, b.predicted == label
        self._cases[label][2 * right_a + right_b] += 1
        if right_a == right_b:
            return
        wrong = b if right_a else a
        kept = self._flipped[right_a]
        insort(kept, (-wrong.score, name, self._image(name, label, a, b)), key=lambda found: found[:2])
        del kept[MAX_FLIPPED:]

    def by_class(self) -> tuple[ClassDifference, ...]:
        """Every class, the largest differences first."""
        rows = [self._class(class_id, *cases) for class_id, cases in self._cases.items()]
        return tuple(sorted(rows, key=lambda row: (-abs(row.difference), row.mcnemar_p, row.class_id)))

    def flipped(self, *, a_right: bool) -> tuple[FlippedImage, ...]:
        """Images that only A, or only B, got right, at most 30: those where the other was surest."""
        return tuple(image for _, _, image in self._flipped[a_right])

    def _class(self, class_id: int, neither: int, only_b: int, only_a: int, both: int) -> ClassDifference:
        images = neither + only_b + only_a + both
        difference, interval = paired_difference(only_a, only_b, images)
        return ClassDifference(
            class_id=class_id,
            name=self._name(class_id),
            images=images,
            right_a=both + only_a,
            right_b=both + only_b,
            difference=difference,
            interval=interval,
            mcnemar_p=mcnemar_p(only_a, only_b),
        )

    def _image(self, name: str, label: int, a: Side, b: Side) -> FlippedImage:
        (class_a, name_a, score_a), (class_b, name_b, score_b) = self._said(a), self._said(b)
        return FlippedImage(
            name=name,
            right="a" if class_a == label else "b",
            label=label,
            label_name=self._name(label),
            predicted_a=class_a,
            predicted_b=class_b,
            name_a=name_a,
            name_b=name_b,
            score_a=score_a,
            score_b=score_b,
        )

    def _said(self, side: Side) -> tuple[int, str, float] | tuple[None, None, None]:
        return (None, None, None) if side.predicted == NO_CLASS else (side.predicted, self._name(side.predicted), side.score)

    def _name(self, class_id: int) -> str:
        return self._names.get(class_id, str(class_id))
