"""Compares two runs over the same images in pairs, which shows differences smaller than their intervals."""

from collections.abc import Iterable, Mapping
from itertools import chain, zip_longest
from typing import NamedTuple

from pydantic import BaseModel

from server.evaluation.dataset.class_groups import fold_of
from server.evaluation.evaluation_errors import RunInvalid
from server.evaluation.report.intervals import Share, mcnemar_p, paired_difference
from server.evaluation.report.run_differences import NO_CLASS, ClassDifference, Differences, FlippedImage, Side
from server.evaluation.run.records import Record
from server.evaluation.run.run_manifest import RunManifest, in_words

MAX_EXAMPLES = 50
SIGNIFICANT_P = 0.05


class FinishedRun(NamedTuple):
    """A finished run: its manifest, its log and its id."""

    manifest: RunManifest
    records: Iterable[Record]
    name: str = ""
    class_names: Mapping[int, str] = {}

    def __str__(self) -> str:
        """The run for a person."""
        manifest = self.manifest
        when = f", {manifest.started_at}" if manifest.started_at else ""
        return f"{self.name or 'a run'}: {manifest.model} {manifest.model_version} on {manifest.dataset} by {manifest.engine}{when}"


class DifferentImage(BaseModel, frozen=True):
    """An image on which the runs disagree; a prediction is a class id, or None for a failure."""

    name: str
    label: int | None
    predicted_a: int | None
    predicted_b: int | None


class Comparison(BaseModel, frozen=True):
    """Two runs over their common images, by name.

    `agreement` is the share with the same best class; a failure agrees with nothing. The four counts and the accuracies
    cover `labelled` images; a failure counts as wrong. `mcnemar_p` is exact and two-sided. `different` are examples, at most 50.
    `run_a` and `run_b` say which runs these are. `difference` is the accuracy of B minus that of A, with its 95 % interval; both are None
    without a label. `classes` has the largest differences first; `only_a_right` and `only_b_right` are at most 30 images each.
    """

    run_a: str
    run_b: str

    common: int
    only_a: int
    only_b: int
    labelled: int
    agreement: Share
    both_right: int
    a_right_b_wrong: int
    a_wrong_b_right: int
    both_wrong: int
    accuracy_a: Share
    accuracy_b: Share
    mcnemar_p: float
    difference: float | None = None
    interval: tuple[float, float] | None = None
    classes: tuple[ClassDifference, ...] = ()
    only_a_right: tuple[FlippedImage, ...] = ()
    only_b_right: tuple[FlippedImage, ...] = ()
    different: tuple[DifferentImage, ...]
    manifest_differences: dict[str, tuple[object, object]]

    @property
    def flipped(self) -> tuple[FlippedImage, ...]:
        """The images that only one of them got right, by turns as far as there are both kinds."""
        return tuple(filter(None, chain.from_iterable(zip_longest(self.only_a_right, self.only_b_right))))

    def as_json(self) -> str:
        """The comparison as JSON."""
        return self.model_dump_json(indent=2) + "\n"

    def as_text(self) -> str:
        """The summary for a person."""
        better, worse = ("A", "B") if self.a_right_b_wrong > self.a_wrong_b_right else ("B", "A")
        ahead = abs(self.a_right_b_wrong - self.a_wrong_b_right)
        meaning = "more than chance explains" if self.mcnemar_p < SIGNIFICANT_P else "no more than chance explains"
        verdict = f"{better} is right on {ahead} images more than {worse}: {meaning}" if ahead else "Neither is right more often"
        rows = [
            f"A is {self.run_a}",
            f"B is {self.run_b}",
            f"{self.common} images in common, {self.labelled} of them with a label; only in A {self.only_a}, only in B {self.only_b}",
            f"same best class  {_percent(self.agreement)}",
            f"top-1 of A       {_percent(self.accuracy_a)}",
            f"top-1 of B       {_percent(self.accuracy_b)}",
            f"both right {self.both_right}, only A {self.a_right_b_wrong}, only B {self.a_wrong_b_right}, neither {self.both_wrong}",
            f"{verdict} (exact McNemar p = {self.mcnemar_p:.3g})",
            *(f"differs: {name}: A {in_words(a)}, B {in_words(b)}" for name, (a, b) in self.manifest_differences.items()),
        ]
        return "\n".join(rows)


class _Pairs:
    """Counts the images of B that are in A too."""

    def __init__(self, a: FinishedRun, b: FinishedRun) -> None:
        self._folds = fold_of(a.manifest.groups), fold_of(b.manifest.groups)
        self._known = {record.name: (record.label, _side(record.folded(self._folds[0]))) for record in a.records}
        self.in_a, self.in_b, self.common, self.same = len(self._known), 0, 0, 0
        self.outcomes = {(True, True): 0, (True, False): 0, (False, True): 0, (False, False): 0}
        self.different: list[DifferentImage] = []
        self.differences = Differences({**b.class_names, **a.class_names})

    def add(self, record: Record) -> None:
        """Count one image of B; raises RunInvalid if it has another label in A."""
        self.in_b += 1
        if (found := self._known.pop(record.name, None)) is None:
            return
        (label, a), b = found, _side(record.folded(self._folds[1]))
        if label != record.label:
            raise RunInvalid(f"Image {record.name!r} has label {label} in A and {record.label} in B.", "Compare runs over the same labels.")
        self.common += 1
        agrees = a.predicted == b.predicted != NO_CLASS
        self.same += agrees
        if label is not None:
            self.outcomes[a.predicted == label, b.predicted == label] += 1
            self.differences.add(record.name, label, a, b)
        if not agrees and len(self.different) < MAX_EXAMPLES:
            self.different.append(DifferentImage(name=record.name, label=label, predicted_a=_class(a), predicted_b=_class(b)))


def compare(a: FinishedRun, b: FinishedRun) -> Comparison:
    """Compare two runs; raises RunInvalid if they have no common images, or different labels for one."""
    pairs = _Pairs(a, b)
    for record in b.records:
        pairs.add(record)
    if not pairs.common:
        raise RunInvalid("The two runs have no images in common.", "Images are matched by their names in the list.")
    right, only_a, only_b = pairs.outcomes[True, True], pairs.outcomes[True, False], pairs.outcomes[False, True]
    labelled = sum(pairs.outcomes.values())
    difference, interval = paired_difference(only_a, only_b, labelled) if labelled else (None, None)
    return Comparison(
        run_a=str(a),
        run_b=str(b),
        common=pairs.common,
        only_a=pairs.in_a - pairs.common,
        only_b=pairs.in_b - pairs.common,
        labelled=labelled,
        agreement=Share.of(pairs.same, pairs.common),
        both_right=right,
        a_right_b_wrong=only_a,
        a_wrong_b_right=only_b,
        both_wrong=pairs.outcomes[False, False],
        accuracy_a=Share.of(right + only_a, labelled),
        accuracy_b=Share.of(right + only_b, labelled),
        mcnemar_p=mcnemar_p(only_a, only_b),
        difference=difference,
        interval=interval,
        classes=pairs.differences.by_class(),
        only_a_right=pairs.differences.flipped(a_right=True),
        only_b_right=pairs.differences.flipped(a_right=False),
        different=tuple(pairs.different),
        manifest_differences=a.manifest.differences(b.manifest),
    )


def _side(record: Record) -> Side:
    return Side(*record.top[0]) if record.ok else Side(NO_CLASS, 0.0)


def _class(side: Side) -> int | None:
    return None if side.predicted == NO_CLASS else side.predicted


def _percent(share: Share) -> str:
    if share.value is None or share.interval is None:
        return "of no image"
    return f"{share.value:.2%} (95 %: {share.interval[0]:.2%} to {share.interval[1]:.2%}), {share.correct} of {share.total}"
