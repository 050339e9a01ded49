"""What changed from one run to another: the paired difference, class by class, and the images that only one of them got right."""

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import chain, islice, zip_longest
from typing import Literal, NamedTuple

from pydantic import BaseModel

from server.evaluation.dataset.class_groups import Groups, fold_of
from server.evaluation.report.intervals import paired_difference
from server.evaluation.report.run_comparison import Comparison, FinishedRun, compare
from server.evaluation.run.records import Record

MAX_FLIPPED = 60

Run = Literal["a", "b"]


class FlippedImage(BaseModel, frozen=True):
    """An image that only run `right` got right. A prediction is a class id, or None for a failure; the indices are of the runs' lists."""

    name: str
    right: Run
    label: int
    predicted_a: int | None
    predicted_b: int | None
    score_a: float | None
    score_b: float | None
    index_a: int
    index_b: int


class ClassChange(BaseModel, frozen=True):
    """How many of a class's images each run got right."""

    class_id: int
    images: int
    right_a: int
    right_b: int


class RunsInPairs(BaseModel, frozen=True):
    """The comparison with the accuracy of B minus that of A, and its 95 % interval (Bonett and Price, 2012); None without labels.

    `per_class` has the largest changes first, `flipped` at most 60 images.
    """

    comparison: Comparison
    difference: float | None
    difference_interval: tuple[float, float] | None
    per_class: tuple[ClassChange, ...]
    flipped: tuple[FlippedImage, ...]


def compare_in_pairs(a: FinishedRun, b: FinishedRun) -> RunsInPairs:
    """Compare two runs in one pass over each log; raises RunInvalid as `compare` does."""
    seen = _Pairs(a.manifest.groups, b.manifest.groups)
    comparison = compare(a._replace(records=seen.first(a.records)), b._replace(records=seen.second(b.records)))
    difference, interval = None, None
    if comparison.labelled:
        difference, interval = paired_difference(comparison.a_right_b_wrong, comparison.a_wrong_b_right, comparison.labelled)
    return RunsInPairs(
        comparison=comparison,
        difference=difference,
        difference_interval=interval,
        per_class=seen.per_class(),
        flipped=seen.flipped(),
    )


class _Answer(NamedTuple):
    place: int
    predicted: int | None
    score: float | None

    @classmethod
    def of(cls, record: Record) -> "_Answer":
        return cls(record.index, *(record.top[0] if record.ok else (None, None)))


class _Pairs:
    """Passes the records of both runs on, first all of A, and keeps what is needed of them."""

    def __init__(self, groups_a: Groups, groups_b: Groups) -> None:
        self._fold_a, self._fold_b = fold_of(groups_a), fold_of(groups_b)
        self._of_a: dict[str, _Answer] = {}
        self._images, self._right_a, self._right_b = Counter[int](), Counter[int](), Counter[int]()  # by class
        self._flipped: dict[Run, list[FlippedImage]] = {"a": [], "b": []}

    def first(self, records: Iterable[Record]) -> Iterator[Record]:
        for record in records:
            self._of_a[record.name] = _Answer.of(record.folded(self._fold_a))
            yield record

    def second(self, records: Iterable[Record]) -> Iterator[Record]:
        for record in records:
            found = self._of_a.pop(record.name, None)
            if found and record.label is not None:
                self._add(record.name, record.label, found, _Answer.of(record.folded(self._fold_b)))
            yield record

    def _add(self, name: str, label: int, a: _Answer, b: _Answer) -> None:
        right_a, right_b = a.predicted == label, b.predicted == label
        self._images[label] += 1
        self._right_a[label] += right_a
        self._right_b[label] += right_b
        kept = self._flipped["a" if right_a else "b"]
        if right_a != right_b and len(kept) < MAX_FLIPPED:
            kept.append(
                FlippedImage(
                    name=name,
                    right="a" if right_a else "b",
                    label=label,
                    predicted_a=a.predicted,
                    predicted_b=b.predicted,
                    score_a=a.score,
                    score_b=b.score,
                    index_a=a.place,
                    index_b=b.place,
                )
            )

    def per_class(self) -> tuple[ClassChange, ...]:
        """Every class with a label, the largest changes first."""
        rows = [
            ClassChange(class_id=class_id, images=images, right_a=self._right_a[class_id], right_b=self._right_b[class_id])
            for class_id, images in self._images.items()
        ]
        return tuple(sorted(rows, key=lambda row: (-abs(row.right_b - row.right_a), row.class_id)))

    def flipped(self) -> tuple[FlippedImage, ...]:
        """By turns of those that were lost and of those that were won, as far as there are both."""
        turns = chain.from_iterable(zip_longest(self._flipped["a"], self._flipped["b"]))
        return tuple(islice(filter(None, turns), MAX_FLIPPED))
