"""Accuracy of the most confident share, against sorting."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.evaluation.report.selective import SHOWN, SelectiveTally


def tally(pairs: list[tuple[float, bool]]) -> SelectiveTally:
    found = SelectiveTally()
    for confidence, correct in pairs:
        found.add(confidence, correct=correct)
    return found


def test_a_made_run_has_its_curve() -> None:
    """Of ten images the five with the highest scores are right, of the others one."""
    rows = tally([(0.9 - n / 20, n < 5 or n == 9) for n in range(10)]).rows()
    assert [(row.coverage, row.accuracy.correct, row.accuracy.total) for row in rows] == [
        (n / 10, right, n) for n, right in ((10, 6), (9, 5), (8, 5), (7, 5), (6, 5), (5, 5), (4, 4), (3, 3), (2, 2), (1, 1))
    ]
    assert rows[5].threshold == pytest.approx(0.7)
    assert rows[0].accuracy.value == 0.6


@given(st.lists(st.tuples(st.integers(0, 1000), st.booleans()), min_size=1, max_size=60))
def test_it_is_what_sorting_finds(pairs: list[tuple[int, bool]]) -> None:
    scores = [(thousandths / 1000, right) for thousandths, right in pairs]
    for row in tally(scores).rows():
        answered = [right for score, right in scores if score >= row.threshold]
        assert (row.accuracy.total, row.accuracy.correct) == (len(answered), sum(answered))
        assert row.coverage == len(answered) / len(scores)
        assert any(row.coverage >= share - 1e-9 for share in SHOWN)


def test_scores_next_to_one_are_told_apart() -> None:
    rows = tally([(1 - 2.0**-20, True), (1 - 2.0**-10, False)] * 5).rows()
    assert [(row.coverage, row.accuracy.value) for row in rows] == [(1.0, 0.5), (0.5, 1.0)]


def test_equal_scores_are_answered_together_and_none_give_no_rows() -> None:
    assert [row.coverage for row in tally([(0.5, True)] * 7).rows()] == [1.0]
    assert tally([]).rows() == ()
