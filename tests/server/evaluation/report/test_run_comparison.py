"""Two runs in pairs."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.evaluation.evaluation_errors import RunInvalid
from server.evaluation.report.run_comparison import Comparison, FinishedRun, compare
from server.evaluation.run.records import Record
from tests.server.evaluation.made_run import answer, failure, made_manifest


def compare_records(a: list[Record], b: list[Record]) -> Comparison:
    return compare(FinishedRun(made_manifest(len(a)), a), FinishedRun(made_manifest(len(b), model="other"), b))


def records(predictions: list[int]) -> list[Record]:
    """Of class 1 each; 3 stands for a failure."""
    return [failure(index, 1) if found == 3 else answer(index, 1, found) for index, found in enumerate(predictions)]


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1))
def test_the_counts_are_those_of_counting(pairs: list[tuple[int, int]]) -> None:
    from scipy.stats import binomtest  # slow to import

    found = compare_records(records([a for a, _ in pairs]), records([b for _, b in pairs])[::-1])
    only_a, only_b = sum(a == 1 != b for a, b in pairs), sum(b == 1 != a for a, b in pairs)
    assert (found.a_right_b_wrong, found.a_wrong_b_right) == (only_a, only_b)
    assert found.agreement.correct == sum(a == b != 3 for a, b in pairs)
    assert found.both_right + only_a + only_b + found.both_wrong == found.labelled == found.common == len(pairs)
    assert found.accuracy_a.correct - found.accuracy_b.correct == only_a - only_b
    expected = binomtest(only_a, only_a + only_b, 0.5).pvalue if only_a + only_b else 1.0
    assert found.mcnemar_p == pytest.approx(expected)


def test_what_only_one_run_has_is_left_out_and_told() -> None:
    found = compare_records([answer(0, 1, 1), answer(1, 1, 1)], [answer(1, 1, 2), answer(2, 1, 1), answer(3, None, 1)])
    assert (found.common, found.only_a, found.only_b, found.labelled) == (1, 1, 2, 1)
    assert [(image.name, image.predicted_a, image.predicted_b) for image in found.different] == [("1.png", 1, 2)]


def test_a_failure_agrees_with_nothing_and_has_no_class() -> None:
    found = compare_records([failure(0, 1)], [failure(0, 1)])
    assert (found.agreement.value, found.both_wrong) == (0.0, 1)
    assert found.different[0].predicted_a is None


def test_images_without_a_label_only_agree_or_not() -> None:
    found = compare_records([answer(0, None, 1)], [answer(0, None, 1)])
    assert (found.agreement.value, found.labelled, found.mcnemar_p) == (1.0, 0, 1.0)
    assert "top-1 of A       of no image" in found.as_text()


def test_the_text_says_who_is_ahead_and_whether_it_means_anything() -> None:
    ahead = compare_records(records([1] * 20), records([1] * 10 + [0] * 10)).as_text()
    assert "A is right on 10 images more than B: more than chance explains (exact McNemar p = 0.00195)" in ahead
    assert "differs: model: A made, B other" in ahead


def test_two_ways_to_decode_are_told_apart() -> None:
    exact, reduced = (FinishedRun(made_manifest(1, decode=decode), [answer(0, 1, 1)]) for decode in ("exact", "reduced"))
    assert "differs: decode: A exact, B reduced" in compare(exact, reduced).as_text()
    assert "Neither is right more often" in compare_records(records([1]), records([1])).as_text()
    assert "no more than chance" in compare_records(records([0]), records([1])).as_text()


def test_the_json_comes_back() -> None:
    assert json.loads(compare_records(records([1]), records([0])).as_json())["a_right_b_wrong"] == 1


@pytest.mark.parametrize(
    ("b", "words"), [([answer(0, 2, 1)], "label 1 in A and 2 in B"), ([answer(7, 1, 1)], "no images in common")], ids=["label", "names"]
)
def test_runs_that_do_not_belong_together_are_refused(b: list[Record], words: str) -> None:
    with pytest.raises(RunInvalid, match=words):
        compare_records([answer(0, 1, 1)], b)


def test_the_text_names_both_runs_and_shows_no_python() -> None:
    a = FinishedRun(made_manifest(1, gears=(1, 2), dataset_notes=("a note",)), [answer(0, 1, 1)], "0123")
    b = FinishedRun(made_manifest(1, model="other", versions={"numpy": "2"}), [answer(0, 1, 2)], "4567")
    text = compare(a, b).as_text()
    assert text.startswith("A is 0123: made 1 on set by stream\nB is 4567: other 1 on set by stream\n")
    assert "differs: gears: A 1, 2, B nothing" in text
    assert "differs: dataset_notes: A a note, B nothing" in text
    assert "differs: versions: A nothing, B numpy 2" in text
    assert not set("()[]{}'") & set("".join(line for line in text.splitlines() if line.startswith("differs")))


def test_classes_of_a_group_are_one_class() -> None:
    grouped: dict[str, Any] = {"groups": {"cat": (1, 2)}}
    a, b = ([answer(0, 1, found), answer(1, 3, 3)] for found in (1, 2))
    found = compare(FinishedRun(made_manifest(2, **grouped), a), FinishedRun(made_manifest(2, **grouped), b))
    assert (found.agreement.correct, found.both_right) == (2, 2)
    assert found.flipped == ()


def test_images_that_flipped_come_by_turns() -> None:
    found = compare_records(records([1] * 8 + [0] * 2), records([0] * 8 + [1] * 2))
    assert [image.name for image in found.flipped[:5]] == ["0.png", "8.png", "1.png", "9.png", "2.png"]
    assert [image.right for image in found.flipped] == ["a", "b", "a", "b", *"aaaaaa"]
