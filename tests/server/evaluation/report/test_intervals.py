"""Intervals and tests, against SciPy's."""

from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.evaluation.report.intervals import Share, mcnemar_p, paired_difference, wilson_interval


@given(st.integers(1, 100_000).flatmap(lambda total: st.tuples(st.integers(0, total), st.just(total))))
def test_wilson_is_scipys(counts: tuple[int, int]) -> None:
    from scipy.stats import binomtest  # slow to import

    correct, total = counts
    expected = binomtest(correct, total).proportion_ci(0.95, "wilson")
    assert wilson_interval(correct, total) == pytest.approx((expected.low, expected.high), abs=1e-12)


@given(st.integers(1, 10**9).flatmap(lambda total: st.tuples(st.integers(0, total), st.just(total))))
def test_an_interval_holds_the_share_and_stays_within_0_and_1(counts: tuple[int, int]) -> None:
    low, high = wilson_interval(*counts)
    assert 0 <= low <= counts[0] / counts[1] <= high <= 1
    assert low < high


@given(st.integers(0, 300), st.integers(0, 300))
def test_mcnemar_is_scipys(only_a: int, only_b: int) -> None:
    from scipy.stats import binomtest  # slow to import

    expected = binomtest(only_a, only_a + only_b, 0.5).pvalue if only_a + only_b else 1.0
    assert mcnemar_p(only_a, only_b) == pytest.approx(expected, rel=1e-9)
    assert mcnemar_p(only_a, only_b) == mcnemar_p(only_b, only_a)


def test_mcnemar_of_many_images_neither_overflows_nor_takes_long() -> None:
    from scipy.stats import binomtest  # slow to import

    assert mcnemar_p(10_000, 10_200) == pytest.approx(binomtest(10_000, 20_200, 0.5).pvalue, rel=1e-6)
    assert mcnemar_p(0, 50_000) == 0.0


def test_the_published_interval_of_resnext101() -> None:
    low, high = Share.of(39_785, 50_000).interval or (0, 0)
    assert (round(low, 4), round(high, 4)) == (0.7921, 0.7992)


def test_a_share_of_nothing_is_none() -> None:
    assert Share.of(0, 0) == Share(value=None, interval=None, correct=0, total=0)


@given(st.integers(1, 10**6).flatmap(lambda total: st.tuples(st.integers(0, total), st.just(total))), st.floats(0, 1))
def test_a_paired_difference_is_in_its_interval_and_turns_with_its_sides(counts: tuple[int, int], part: float) -> None:
    different, total = counts
    only_a = int(different * part)
    value, (low, high) = paired_difference(only_a, different - only_a, total)
    assert value == (different - 2 * only_a) / total
    assert -1 <= low <= value <= high <= 1
    turned, (turned_low, turned_high) = paired_difference(different - only_a, only_a, total)
    assert (turned, turned_low, turned_high) == pytest.approx((-value, -high, -low))


def test_the_interval_of_a_paired_difference_covers_it() -> None:
    """Exactly, over every split of 60 images: 6 % that only A has right, 2 % that only B has."""
    total, only_a, only_b = 60, 0.06, 0.02
    covered = 0.0
    for a in range(total + 1):
        for b in range(total + 1 - a):
            low, high = paired_difference(a, b, total)[1]
            if low <= only_b - only_a <= high:
                covered += comb(total, a) * comb(total - a, b) * only_a**a * only_b**b * (1 - only_a - only_b) ** (total - a - b)
    assert 0.94 < covered < 0.98
