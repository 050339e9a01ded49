"""The report of a run, a pure function of its log, its manifest and the names of the classes."""

from collections.abc import Iterable, Sequence

from pydantic import BaseModel

from server.evaluation.dataset.class_groups import fold_of
from server.evaluation.report.accuracy import ClassRow, ConfusedPair, Denominators, FailedImage, Tally, WrongImage
from server.evaluation.report.calibration import Calibration, ClassCalibration, Confidences
from server.evaluation.report.confusion import Confusion
from server.evaluation.report.intervals import Share
from server.evaluation.report.latency import LatencyHistogram, Percentiles
from server.evaluation.report.picture_kinds import PictureKinds, PictureTally
from server.evaluation.report.selective import SelectiveRow, SelectiveTally
from server.evaluation.report.set_coverage import ScoresOf, SetRow, SetTally
from server.evaluation.run.records import Record
from server.evaluation.run.run_manifest import RunManifest

WORST_CLASSES = 20
TOTAL = "total"  # the stage for the whole time of an image

REDUCED = (
    "Large JPEGs were decoded reduced, which changes their scores a little. To see what it costs, evaluate the set with --decode exact "
    "too, and name both runs to evaluate --compare: it prints how often the best class is the same."
)

_SHIFT_SHARE = 0.2  # if a shift makes this share right, and twice as many as without, it is not chance


class Throughput(BaseModel, frozen=True):
    """Images per second, over the seconds of all sessions from start to last answer; None if the log has no times."""

    images: int
    seconds: float | None
    images_per_s: float | None
    sessions: int


class Report(BaseModel, frozen=True):
    """All results of a run.

    `accuracy` (top1 to topk) covers all listed images with a label; failed and unprocessed ones count as wrong.
    `accuracy_decoded` covers the images with an answer. `latency` has one entry per stage, and `total`. `wrong` and `failed` are
    examples, at most 50 each; the log holds all. With groups there is no calibration: a score is that of one class, and right is every
    class of the group. `confusion`, `pictures`, `class_calibration`, `selective` and `prediction_sets` are
    empty where the run has not what they need, and in reports that were written before these existed.
    """

    complete: bool
    accuracy: dict[str, Share]
    accuracy_decoded: dict[str, Share]
    denominators: Denominators
    calibration: Calibration | None
    class_calibration: tuple[ClassCalibration, ...] = ()
    selective: tuple[SelectiveRow, ...] = ()
    prediction_sets: tuple[SetRow, ...] = ()
    per_class: tuple[ClassRow, ...]
    confused: tuple[ConfusedPair, ...]
    confusion: Confusion | None = None
    pictures: PictureKinds | None = None
    throughput: Throughput
    latency: dict[str, Percentiles]
    wrong: tuple[WrongImage, ...]
    failed: tuple[FailedImage, ...]
    notes: tuple[str, ...]
    manifest: RunManifest

    def as_json(self) -> str:
        """The complete report."""
        return self.model_dump_json(indent=2) + "\n"

    def worst_classes(self) -> list[ClassRow]:
        """The classes with the lowest recall; among equal ones, those with more images first."""
        labelled = [row for row in self.per_class if row.recall is not None]
        return sorted(labelled, key=lambda row: (row.recall, -row.support, row.class_id))[:WORST_CLASSES]


class _Counts:
    """Everything that is counted in the one pass over the records."""

    def __init__(self, manifest: RunManifest, class_names: Sequence[str], scores_of: ScoresOf | None) -> None:
        self.fold = fold_of(manifest.groups)
        self.tally, self.confidences = Tally(_group_names(class_names, manifest), manifest.top_k), Confidences()
        self.pictures, self.selective, self.sets = PictureTally(), SelectiveTally(), SetTally(manifest, scores_of)
        self.durations: dict[str, LatencyHistogram] = {}
        self.sessions_s: dict[int, float] = {}

    def add(self, served: Record) -> None:
        record = served.folded(self.fold)
        self.tally.add(record)
        self.sessions_s[record.session] = max(record.elapsed_s, self.sessions_s.get(record.session, 0.0))
        if record.label is not None:
            self.pictures.add(record)
        if not record.ok:
            return
        for stage, elapsed_ms in {**record.stages_ms, TOTAL: record.latency_ms}.items():
            self.durations.setdefault(stage, LatencyHistogram()).add(elapsed_ms)
        if record.label is not None:
            class_id, score = record.top[0]
            self.confidences.add(score, class_id, correct=class_id == record.label)
            self.selective.add(score, correct=class_id == record.label)
            self.sets.add(served)


def build_report(records: Iterable[Record], manifest: RunManifest, class_names: Sequence[str], scores_of: ScoresOf | None = None) -> Report:
    """The report of a run, finished or running; `scores_of` reads the scores of all classes, if the run kept them.

    Raises RunInvalid if a record names a class that the model does not have; passes on errors from reading the records.
    """
    counts = _Counts(manifest, class_names, scores_of)
    for served in records:
        counts.add(served)
    tally, durations = counts.tally, counts.durations
    denominators = tally.denominators(manifest.listed, manifest.labelled)
    calibration = counts.confidences.calibration() if manifest.score_type == "probability" and not manifest.grouped else None
    shifts = () if counts.fold else _shifts(tally)
    return Report(
        complete=denominators.not_attempted == 0,
        accuracy=tally.accuracy(denominators.labelled),
        accuracy_decoded=tally.accuracy(denominators.labelled_decoded),
        denominators=denominators,
        calibration=calibration,
        class_calibration=counts.confidences.by_class(tally.class_names) if calibration else (),
        selective=counts.selective.rows() if calibration else (),
        prediction_sets=counts.sets.rows(),
        per_class=tally.per_class(),
        confused=tally.confused(),
        confusion=tally.confusion(),
        pictures=counts.pictures.kinds(),
        throughput=_throughput(tally.attempted, counts.sessions_s),
        latency={stage: durations[stage].percentiles() for stage in sorted(durations, key=lambda stage: (stage == TOTAL, stage))},
        wrong=tally.wrong_images(),
        failed=tuple(tally.failed_images),
        notes=(*manifest.dataset_notes, *([REDUCED] if manifest.decode == "reduced" else []), *shifts),
        manifest=manifest,
    )


def _group_names(class_names: Sequence[str], manifest: RunManifest) -> Sequence[str]:
    """The names of the classes; the first class of a group has the name of the group."""
    first = {ids[0]: label for label, ids in manifest.groups.items() if ids[0] < len(class_names)}
    return [first.get(class_id, name) for class_id, name in enumerate(class_names)] if first else class_names


def _throughput(images: int, sessions_s: dict[int, float]) -> Throughput:
    seconds = sum(sessions_s.values())
    if not seconds:
        return Throughput(images=images, seconds=None, images_per_s=None, sessions=len(sessions_s))
    return Throughput(images=images, seconds=seconds, images_per_s=images / seconds, sessions=len(sessions_s))


def _shifts(tally: Tally) -> list[str]:
    """Notes if labels and model differ by one, like a list of 1001 classes with background class 0 and a model of 1000, or vice versa."""
    notes = []
    for shift in (-1, 1):
        hits = tally.shifted_hits(shift)
        if hits >= max(_SHIFT_SHARE * tally.labelled_decoded, 2 * tally.hits(1), 1):
            change = f"{abs(shift)} {'less' if shift < 0 else 'more'}"
            notes.append(
                f"The labels seem to be shifted: if each were {change}, {hits} of {tally.labelled_decoded} images would be right "
                f"instead of {tally.hits(1)}. Nothing was changed: correct the labels and run again."
            )
    return notes
