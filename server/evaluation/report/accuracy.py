"""Calculates an evaluation in one pass over the records, in memory that grows with the classes and not with the images."""

from bisect import insort
from collections import Counter
from collections.abc import Sequence

import numpy as np
from pydantic import BaseModel

from server.evaluation.evaluation_errors import RunInvalid
from server.evaluation.report.confusion import Confusion, confusion_of
from server.evaluation.report.intervals import Share
from server.evaluation.run.records import Record

MAX_EXAMPLES = 50
_MAX_PAIRS = 50


class Denominators(BaseModel, frozen=True):
    """The numbers of images of each kind.

    listed = attempted + not_attempted = labelled + unlabelled; attempted = decoded + failed. Decoded images are those with
    an answer; `labelled_decoded` are those of them with a label; in `tied` of these, two classes share the best score.
    """

    listed: int
    attempted: int
    not_attempted: int
    decoded: int
    failed: dict[str, int]
    labelled: int
    unlabelled: int
    labelled_decoded: int
    tied: int


class ClassRow(BaseModel, frozen=True):
    """One class: recall over its attempted images (`support`; a failure is a miss), precision over the images it was predicted for."""

    class_id: int
    name: str
    support: int
    predicted: int
    correct: int
    recall: float | None
    precision: float | None


class ConfusedPair(BaseModel, frozen=True):
    """`count` images of one class, a `share` of its attempted ones, were predicted as another class."""

    label: int
    label_name: str
    predicted: int
    predicted_name: str
    count: int
    share: float


class WrongImage(BaseModel, frozen=True):
    """An image whose best class is wrong; `rank` is the position of the right class in the answer, from 1, or None."""

    index: int
    name: str
    label: int
    label_name: str
    predicted: int
    predicted_name: str
    score: float
    rank: int | None


class FailedImage(BaseModel, frozen=True):
    """An image without an answer."""

    index: int
    name: str
    outcome: str


class Tally:
    """Counts over records. Classes with equal scores keep the order of the answer."""

    def __init__(self, class_names: Sequence[str], top_k: int) -> None:
        classes = len(class_names)
        self.class_names = class_names
        self.top_k = min(top_k, classes)
        self.attempted = self.decoded = self.labelled = self.labelled_decoded = self.tied = 0
        self.failed: Counter[str] = Counter()
        self.failed_images: list[FailedImage] = []  # the first ones of the list, for any order of the records
        self._wrong: list[tuple[float, int, Record]] = []  # most confident first
        self._ranks = [0] * self.top_k
        self._support = np.zeros(classes, np.int64)
        self._confusion = np.zeros((classes, classes), np.int32)  # [label, predicted]; memory pages without counts take no memory

    def add(self, record: Record) -> None:
        """Count one record; raises RunInvalid if it names a class that the model does not have."""
        self._check(record)
        self.attempted += 1
        self.labelled += record.label is not None
        if record.label is not None:
            self._support[record.label] += 1
        if not record.ok:
            self.failed[record.outcome] += 1
            failed = FailedImage(index=record.index, name=record.name, outcome=record.outcome)
            insort(self.failed_images, failed, key=lambda image: image.index)
            del self.failed_images[MAX_EXAMPLES:]
            return
        self.decoded += 1
        if record.label is None:
            return
        self.labelled_decoded += 1
        self.tied += len(record.top) > 1 and record.top[0][1] == record.top[1][1]
        predicted, score = record.top[0]
        self._confusion[record.label, predicted] += 1
        rank = rank_of(record)
        if rank is not None and rank <= self.top_k:
            self._ranks[rank - 1] += 1
        if rank != 1:
            insort(self._wrong, (-score, record.index, record), key=lambda kept: kept[:2])
            del self._wrong[MAX_EXAMPLES:]

    def hits(self, k: int) -> int:
        """The number of images whose class is among the first k."""
        return sum(self._ranks[:k])

    def accuracy(self, total: int) -> dict[str, Share]:
        """top1 to topk over `total` images."""
        return {f"top{k}": Share.of(self.hits(k), total) for k in range(1, self.top_k + 1)}

    def denominators(self, listed: int, labelled: int) -> Denominators:
        """The counts; a list is at least as long as the number of its attempted images."""
        listed, labelled = max(listed, self.attempted), max(labelled, self.labelled)
        return Denominators(
            listed=listed,
            attempted=self.attempted,
            not_attempted=listed - self.attempted,
            decoded=self.decoded,
            failed=dict(sorted(self.failed.items())),
            labelled=labelled,
            unlabelled=listed - labelled,
            labelled_decoded=self.labelled_decoded,
            tied=self.tied,
        )

    def per_class(self) -> tuple[ClassRow, ...]:
        """Every class with a label or a prediction, by id."""
        predicted, correct = self._confusion.sum(axis=0), self._confusion.diagonal()
        return tuple(
            ClassRow(
                class_id=class_id,
                name=self.class_names[class_id],
                support=int(self._support[class_id]),
                predicted=int(predicted[class_id]),
                correct=int(correct[class_id]),
                recall=float(correct[class_id] / self._support[class_id]) if self._support[class_id] else None,
                precision=float(correct[class_id] / predicted[class_id]) if predicted[class_id] else None,
            )
            for class_id in np.flatnonzero(self._support + predicted).tolist()
        )

    def confused(self) -> tuple[ConfusedPair, ...]:
        """The most frequent confusions between two classes, at most 50."""
        labels, predicted = np.nonzero(self._confusion)
        counts = self._confusion[labels, predicted]
        most_first = np.lexsort((predicted, labels, -counts))
        pairs = ((int(labels[at]), int(predicted[at]), int(counts[at])) for at in most_first if labels[at] != predicted[at])
        return tuple(
            ConfusedPair(
                label=label,
                label_name=self.class_names[label],
                predicted=other,
                predicted_name=self.class_names[other],
                count=count,
                share=count / int(self._support[label]),
            )
            for (label, other, count), _ in zip(pairs, range(_MAX_PAIRS), strict=False)
        )

    def confusion(self) -> Confusion | None:
        """The matrix of the classes, or the part of it that can be looked at."""
        return confusion_of(self._confusion, self.class_names)

    def shifted_hits(self, shift: int) -> int:
        """The number of images whose best class would be right if `shift` were added to every label."""
        return int(self._confusion.trace(shift))

    def wrong_images(self) -> tuple[WrongImage, ...]:
        """The wrong images, most confident first, at most 50."""
        return tuple(self._wrong_image(record) for _, _, record in self._wrong)

    def _wrong_image(self, record: Record) -> WrongImage:
        label, (predicted, score) = record.label or 0, record.top[0]
        return WrongImage(
            index=record.index,
            name=record.name,
            label=label,
            label_name=self.class_names[label],
            predicted=predicted,
            predicted_name=self.class_names[predicted],
            score=score,
            rank=rank_of(record),
        )

    def _check(self, record: Record) -> None:
        largest = max((class_id for class_id, _ in record.top), default=0)
        if max(largest, record.label or 0) >= len(self.class_names):
            raise RunInvalid(
                f"Image {record.name!r} has class {max(largest, record.label or 0)}, but the model has {len(self.class_names)} classes.",
                "This log belongs to another model.",
            )


def rank_of(record: Record) -> int | None:
    """The position of the label among the classes in the answer, from 1; None if it is not there."""
    return next((rank for rank, (class_id, _) in enumerate(record.top, start=1) if class_id == record.label), None)
