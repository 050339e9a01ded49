"""The arithmetic, against scikit-learn's and against sums that must add up."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.evaluation.evaluation_errors import RunInvalid
from server.evaluation.report.accuracy import MAX_EXAMPLES, Tally, rank_of
from server.evaluation.run.records import Record
from tests.server.evaluation.made_run import Matrix, answer, class_names, failure, matrices, records_of


def tally_of(records: list[Record], classes: int, top_k: int = 5) -> Tally:
    tally = Tally(class_names(classes), top_k)
    for record in records:
        tally.add(record)
    return tally


@settings(max_examples=40)  # scikit-learn is slow
@given(matrices(), st.integers(1, 16))
def test_top_k_is_scikit_learns(matrix: Matrix, k: int) -> None:
    from sklearn.metrics import top_k_accuracy_score  # slow to import

    classes = matrix.scores.shape[1]
    tally = tally_of(records_of(matrix), classes, k)
    for depth in range(1, tally.top_k + 1):
        labels, scores = matrix.labels[matrix.answered], matrix.scores[matrix.answered]
        if depth == classes:  # scikit-learn warns of it
            expected = len(labels)
        elif classes == 2:  # and wants one column there
            expected = int((scores.argmax(axis=1) == labels).sum())
        else:
            expected = round(top_k_accuracy_score(labels, scores, k=depth, labels=range(classes), normalize=False)) if len(labels) else 0
        assert tally.hits(depth) == expected


@given(matrices(ties=True))
def test_per_class_figures_are_scikit_learns(matrix: Matrix) -> None:
    from sklearn.metrics import precision_score, recall_score  # slow to import

    classes = matrix.scores.shape[1]
    predicted = np.where(matrix.answered, matrix.scores.argmax(axis=1), classes)  # a failure is one class more
    known = range(classes)
    recall = recall_score(matrix.labels, predicted, labels=known, average=None, zero_division=0)
    precision = precision_score(matrix.labels, predicted, labels=known, average=None, zero_division=0)
    for row in tally_of(records_of(matrix), classes).per_class():
        assert (row.recall or 0) == pytest.approx(recall[row.class_id])
        assert (row.precision or 0) == pytest.approx(precision[row.class_id])
        assert row.support == (matrix.labels == row.class_id).sum()


@given(matrices(ties=True))
def test_confused_pairs_are_scikit_learns_matrix(matrix: Matrix) -> None:
    from sklearn.metrics import confusion_matrix  # slow to import

    classes = matrix.scores.shape[1]
    answered = matrix.answered
    predicted = matrix.scores.argmax(axis=1)
    expected = np.zeros((classes, classes))
    if answered.any():
        expected = confusion_matrix(matrix.labels[answered], predicted[answered], labels=range(classes))
    np.fill_diagonal(expected, 0)
    found = tally_of(records_of(matrix), classes).confused()
    assert [pair.count for pair in found] == sorted((pair.count for pair in found), reverse=True)
    assert all(expected[pair.label, pair.predicted] == pair.count for pair in found)
    assert len(found) == min(50, np.count_nonzero(expected))


@given(matrices(ties=True), st.integers(1, 20), st.lists(st.booleans(), min_size=40, max_size=40), st.integers(0, 9))
def test_the_denominators_add_up(matrix: Matrix, top_k: int, labelled: list[bool], missing: int) -> None:
    records = [
        record if has_label else record.model_copy(update={"label": None})
        for record, has_label in zip(records_of(matrix), labelled, strict=False)
    ]
    tally = tally_of(records, matrix.scores.shape[1], top_k)
    counts = tally.denominators(len(records) + missing, sum(record.label is not None for record in records))
    assert counts.listed == counts.attempted + counts.not_attempted == counts.labelled + counts.unlabelled
    assert counts.attempted == counts.decoded + sum(counts.failed.values())
    assert counts.not_attempted == missing
    assert counts.labelled_decoded <= min(counts.labelled, counts.decoded)
    assert sum(row.support for row in tally.per_class()) == counts.labelled
    assert sum(row.predicted for row in tally.per_class()) == counts.labelled_decoded
    hits = [tally.hits(k) for k in range(1, tally.top_k + 1)]
    assert hits == sorted(hits)
    assert hits[0] == sum(row.correct for row in tally.per_class())
    assert hits[0] + sum(pair.count for pair in tally.confused()) <= counts.labelled_decoded


@given(matrices(ties=True), st.randoms())
def test_the_order_of_the_records_changes_nothing(matrix: Matrix, random: st.DataObject) -> None:
    records = records_of(matrix)
    shuffled = list(records)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    classes = matrix.scores.shape[1]
    one, other = tally_of(records, classes), tally_of(shuffled, classes)
    assert (one.wrong_images(), one.failed_images, one.confused()) == (other.wrong_images(), other.failed_images, other.confused())


def test_k_is_at_most_the_number_of_classes() -> None:
    tally = tally_of([answer(0, 1, 0, 1), answer(1, 1, 1, 0)], classes=2, top_k=5)
    assert list(tally.accuracy(2)) == ["top1", "top2"]
    assert tally.accuracy(2)["top2"].value == 1.0


def test_of_a_tie_the_class_that_was_served_first_counts() -> None:
    tied = Record(index=0, name="a", label=3, top=((3, 0.5), (1, 0.5)))
    tally = tally_of([tied, tied.model_copy(update={"index": 1, "label": 1})], classes=4)
    assert (tally.hits(1), tally.hits(2), tally.tied) == (1, 2, 2)


def test_a_label_that_is_not_among_the_answered_has_no_rank() -> None:
    assert rank_of(answer(0, 3, 1, 2)) is None
    assert rank_of(answer(0, 2, 1, 2)) == 2


def test_the_most_confident_wrong_images_are_kept() -> None:
    records = [answer(index, 0, 1, 0, score=index / 1000) for index in range(1, 101)]
    wrong = tally_of([*records, answer(200, 1, 1, score=0.99)], classes=2).wrong_images()
    assert [image.index for image in wrong] == list(range(100, 100 - MAX_EXAMPLES, -1))
    assert (wrong[0].label_name, wrong[0].predicted_name, wrong[0].rank) == ("class 0", "class 1", 2)


def test_failures_are_counted_by_reason_and_the_first_of_the_list_are_kept() -> None:
    records = [failure(index, 0, "undecodable_image" if index % 3 else "deadline_exceeded") for index in reversed(range(90))]
    tally = tally_of(records, classes=2)
    assert tally.failed == Counter(undecodable_image=60, deadline_exceeded=30)
    assert [image.index for image in tally.failed_images] == list(range(MAX_EXAMPLES))


@pytest.mark.parametrize("record", [answer(0, 4, 1), answer(0, 1, 4), answer(0, 1, 1, 9)], ids=["label", "best", "second"])
def test_a_class_the_model_has_not_is_refused(record: Record) -> None:
    with pytest.raises(RunInvalid, match="the model has 4 classes"):
        tally_of([record], classes=4)
