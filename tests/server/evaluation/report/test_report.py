"""The report: figures that are known, and others computed independently."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.evaluation.report.report import Report, build_report
from server.evaluation.run.records import SCORES_INVALID, Record
from tests.server.evaluation.made_run import Matrix, answer, class_names, failure, made_manifest, matrices, prediction, records_of


def report_of(records: list[Record], listed: int | None = None, classes: int = 4, **changes: object) -> Report:
    return build_report(records, made_manifest(listed or len(records), classes, **changes), class_names(classes))


@given(matrices())
def test_accuracy_over_both_denominators_is_scikit_learns(matrix: Matrix) -> None:
    from sklearn.metrics import accuracy_score  # slow to import

    classes = matrix.scores.shape[1]
    report = report_of(records_of(matrix), classes=classes)
    predicted = matrix.scores.argmax(axis=1)
    over_all = accuracy_score(matrix.labels, np.where(matrix.answered, predicted, -1))
    assert report.accuracy["top1"].value == pytest.approx(over_all)
    assert report.accuracy["top1"].total == len(matrix.labels)
    if matrix.answered.any():
        over_answered = accuracy_score(matrix.labels[matrix.answered], predicted[matrix.answered])
        assert report.accuracy_decoded["top1"].value == pytest.approx(over_answered)


@given(matrices(ties=True), st.randoms())
def test_neither_the_order_of_the_log_nor_its_sessions_change_the_figures(matrix: Matrix, random: st.DataObject) -> None:
    records = records_of(matrix)
    shuffled = [record.model_copy(update={"session": place % 3}) for place, record in enumerate(records)]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    classes = matrix.scores.shape[1]
    times = {"throughput", "latency"}
    one, other = report_of(records, classes=classes), report_of(shuffled, classes=classes)
    assert one.model_dump(exclude=times) == other.model_dump(exclude=times)


def test_twenty_thousand_images_with_known_answers() -> None:
    def record(index: int) -> Record:
        label = index % 100
        if index % 100 == 99:  # one in a hundred is damaged
            return failure(index, label)
        others = [(label + place) % 100 for place in range(1, 6)]
        others.insert(index // 100 % 10, label)  # right first, second, … of six, or where no one looks
        return answer(index, label, *others[:5], elapsed_s=index / 1000)

    report = build_report(map(record, range(20_000)), made_manifest(20_000, 100), class_names(100))
    # A tenth each has its class at places 1 to 5; of 10 places those from the sixth on are out of reach.
    assert [share.correct for share in report.accuracy.values()] == [1980, 3960, 5940, 7920, 9900]
    assert report.accuracy["top5"].value == 0.495
    assert report.accuracy_decoded["top5"].value == 0.5
    assert report.denominators.failed == {"undecodable_image": 200}
    assert {row.recall for row in report.per_class} == {0.1, 0.0}
    assert report.throughput.images_per_s == pytest.approx(1000, rel=1e-3)
    assert report.complete


def test_nan_scores_are_failures_and_not_classes() -> None:
    records = [failure(0, 1).answered(prediction([0.1, float("nan"), 0.2, 0.3])), answer(1, 1, 1)]
    report = report_of(records)
    assert report.denominators.failed == {SCORES_INVALID: 1}
    assert (report.accuracy["top1"].value, report.accuracy_decoded["top1"].value) == (0.5, 1.0)
    assert "NaN" not in report.as_json()


def test_a_run_under_way_says_so_and_counts_what_is_left_as_wrong() -> None:
    report = report_of([answer(0, 1, 1)], listed=4)
    assert (report.complete, report.denominators.not_attempted, report.accuracy["top1"].value) == (False, 3, 0.25)


def test_nothing_yet_and_nothing_labelled() -> None:
    empty = report_of([], listed=3)
    assert (empty.accuracy["top1"].value, empty.calibration, empty.latency, empty.throughput.images_per_s) == (0.0, None, {}, None)
    unlabelled = report_of([answer(0, None, 1)], labelled=0)
    assert unlabelled.accuracy["top1"].value is None
    assert unlabelled.denominators.unlabelled == 1


def test_logits_have_no_calibration() -> None:
    assert report_of([answer(0, 1, 1)], score_type="logit").calibration is None
    assert report_of([answer(0, 1, 1)]).calibration is not None


def test_seconds_add_up_over_sessions() -> None:
    records = [answer(0, 1, 1, elapsed_s=2.0), answer(1, 1, 1, session=1, elapsed_s=0.5), answer(2, 1, 1, session=1, elapsed_s=3.0)]
    found = report_of(records).throughput
    assert (found.seconds, found.images_per_s, found.sessions) == (5.0, 0.6, 2)


def test_latency_is_of_answered_images_and_ends_with_the_total() -> None:
    records = [answer(0, 1, 1, stages_ms={"queue": 1.0, "infer": 8.0}, latency_ms=10.0), failure(1, 1)]
    latency = report_of(records).latency
    assert list(latency) == ["infer", "queue", "total"]
    assert (latency["total"].count, latency["total"].max_ms) == (1, 10.0)


@pytest.mark.parametrize(("shift", "words"), [(1, "each were 1 more"), (-1, "each were 1 less")])
def test_a_list_that_counts_otherwise_is_told_and_not_mended(shift: int, words: str) -> None:
    records = [answer(index, index % 8 + 1, index % 8 + 1 + shift) for index in range(40)]
    report = report_of(records, classes=10)
    assert report.accuracy["top1"].value == 0
    assert words in report.notes[0]
    assert "40 of 40" in report.notes[0]


def test_a_good_model_is_not_suspected() -> None:
    assert report_of([answer(index, index % 4, index % 4) for index in range(40)]).notes == ()


def test_a_reduced_decode_is_told_with_the_way_to_see_its_cost() -> None:
    [note] = build_report([answer(0, 1, 1)], made_manifest(1, decode="reduced"), class_names(4)).notes
    assert note.startswith("Large JPEGs were decoded reduced")
    assert "evaluate the set with --decode exact too, and name both runs to evaluate --compare" in note


def test_the_worst_classes_are_those_of_least_recall_with_most_images() -> None:
    records = [answer(0, 0, 1), answer(1, 2, 1), answer(2, 2, 1), answer(3, 1, 1), *(answer(4 + n, 3, 3 - n) for n in range(2))]
    assert [(row.class_id, row.recall) for row in report_of(records).worst_classes()] == [(2, 0.0), (0, 0.0), (3, 0.5), (1, 1.0)]


def test_the_json_has_the_keys_that_were_promised() -> None:
    found = json.loads(report_of([answer(0, 1, 1), failure(1, 0)]).as_json())
    assert {"accuracy", "denominators", "calibration", "per_class", "confused", "throughput", "latency", "manifest"} <= found.keys()
    assert found["accuracy"]["top1"].keys() == {"value", "interval", "correct", "total"}
    assert {"model_sha256", "recipe_sha256", "labels_sha256", "list_sha256"} <= found["manifest"].keys()
    assert Report.model_validate(found) == report_of([answer(0, 1, 1), failure(1, 0)])


def test_the_classes_of_a_group_are_counted_as_the_first_by_the_groups_name() -> None:
    records = [answer(0, 1, 2, 0), answer(1, 1, 0, 3, 2), answer(2, 0, 0), answer(3, 0, 3, 0)]
    report = report_of(records, groups={"cat": (1, 2, 3)}, top_k=3)
    assert [share.correct for share in report.accuracy.values()] == [2, 4, 4]
    assert {row.name: (row.support, row.predicted, row.correct) for row in report.per_class} == {"class 0": (2, 2, 1), "cat": (2, 2, 1)}
    wrong = [(image.label_name, image.predicted_name, image.rank) for image in report.wrong]
    assert wrong == [("cat", "class 0", 2), ("class 0", "cat", 2)]
    assert report.notes == ()
    assert (report.calibration, report.class_calibration, report.selective) == (None, (), ())


def test_groups_of_one_class_change_nothing() -> None:
    records = [answer(number, number % 4, (number * 3) % 4, 1, 2, 0) for number in range(20)]
    times, named = {"throughput", "latency", "manifest", "notes"}, {"per_class", "confused", "confusion", "wrong"}
    assert report_of(records, groups={"a": (0,)}).model_dump(exclude=times | named) == report_of(records).model_dump(exclude=times | named)
