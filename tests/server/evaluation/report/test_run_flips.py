"""What changed from one run to another, image by image."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.evaluation.evaluation_errors import RunInvalid
from server.evaluation.report.intervals import paired_difference
from server.evaluation.report.run_comparison import FinishedRun, compare
from server.evaluation.report.run_flips import MAX_FLIPPED, RunsInPairs, compare_in_pairs
from server.evaluation.run.records import Record
from tests.server.evaluation.made_run import answer, failure, made_manifest


def pairs_of(a: list[Record], b: list[Record]) -> RunsInPairs:
    return compare_in_pairs(FinishedRun(made_manifest(len(a)), a), FinishedRun(made_manifest(len(b)), b))


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=80))
def test_the_figures_are_those_of_counting(images: list[tuple[int, int, int]]) -> None:
    a = [answer(index, label, found) for index, (label, found, _) in enumerate(images)]
    b = [answer(index, label, found) for index, (label, _, found) in enumerate(images)]
    found = pairs_of(a, b[::-1])
    assert found.comparison == compare(FinishedRun(made_manifest(len(a)), a), FinishedRun(made_manifest(len(b)), b[::-1]))
    lost = sum(one == label != other for label, one, other in images)
    won = sum(one != label == other for label, one, other in images)
    assert (found.difference, found.difference_interval) == paired_difference(lost, won, len(images))
    assert sum(row.images for row in found.per_class) == len(images)
    assert sum(row.right_b - row.right_a for row in found.per_class) == won - lost
    assert len(found.flipped) == min(lost + won, MAX_FLIPPED)
    assert all((image.predicted_a == image.label) is (image.right == "a") for image in found.flipped)


def test_both_kinds_are_shown_by_turns() -> None:
    a = [answer(index, 1, 1 if index < 100 else 2) for index in range(102)]
    b = [answer(index, 1, 2 if index < 100 else 1) for index in range(102)]
    flipped = pairs_of(a, b).flipped
    assert [image.name for image in flipped[:5]] == ["0.png", "100.png", "1.png", "101.png", "2.png"]
    assert [image.right for image in flipped[:4]] == ["a", "b", "a", "b"]
    assert len(flipped) == MAX_FLIPPED


def test_a_failure_has_no_class_and_indices_are_of_each_list() -> None:
    image = pairs_of([answer(7, 1, 1)], [Record(index=2, name="7.png", label=1, outcome="undecodable_image")]).flipped[0]
    assert (image.predicted_a, image.score_a, image.predicted_b, image.score_b) == (1, 0.9, None, None)
    assert (image.index_a, image.index_b) == (7, 2)


def test_the_largest_changes_come_first() -> None:
    labels = [0, 1, 1, 2]
    rows = pairs_of([answer(n, label, label) for n, label in enumerate(labels)], [answer(n, label, 3) for n, label in enumerate(labels)])
    assert [(row.class_id, row.images, row.right_a, row.right_b) for row in rows.per_class] == [(1, 2, 2, 0), (0, 1, 1, 0), (2, 1, 1, 0)]


def test_classes_of_a_group_are_one() -> None:
    grouped = made_manifest(1, groups={"cat": (0, 1)})
    found = compare_in_pairs(FinishedRun(grouped, [answer(0, 0, 1)]), FinishedRun(grouped, [answer(0, 0, 2)]))
    assert [(image.right, image.predicted_a) for image in found.flipped] == [("a", 0)]


def test_without_labels_there_is_no_difference() -> None:
    found = pairs_of([answer(0, None, 1)], [answer(0, None, 2)])
    assert (found.difference, found.difference_interval, found.per_class, found.flipped) == (None, None, (), ())


def test_runs_without_common_images_are_refused() -> None:
    with pytest.raises(RunInvalid, match="no images in common"):
        pairs_of([failure(0, 1)], [failure(1, 1)])
