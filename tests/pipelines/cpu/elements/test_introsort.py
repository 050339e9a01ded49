import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.cpu.elements.introsort import introsort


def ranked(scores: list[float]) -> list[int]:
    indices = list(range(len(scores)))
    introsort(indices, lambda one, other: scores[one] > scores[other])
    return indices


@settings(deadline=None)
@given(items=st.lists(st.integers(0, 20), max_size=200))
def test_it_sorts(items: list[int]) -> None:
    made = list(items)
    introsort(made, lambda one, other: one < other)
    assert made == sorted(items)


def test_up_to_sixteen_equals_keep_their_order() -> None:
    assert ranked([1, 2, 2, 2, 1, 2, 1, 1]) == [1, 2, 3, 5, 0, 4, 6, 7]
    assert ranked([0] * 16) == list(range(16))


def test_twenty_equals_as_recorded_from_the_vendor() -> None:
    assert ranked([0] * 20) == [10, 19, 18, 17, 16, 15, 14, 13, 12, 11, 0, 9, 8, 7, 6, 5, 4, 3, 2, 1]


@pytest.mark.parametrize(
    ("scores", "order"),
    [
        ([i % 3 for i in range(18)], [17, 2, 14, 5, 11, 8, 1, 16, 13, 10, 7, 4, 9, 12, 6, 15, 3, 0]),
        ([math.nan if i % 5 == 2 else i % 4 for i in range(18)], [15, 9, 17, 3, 14, 6, 13, 12, 11, 10, 0, 8, 7, 5, 4, 2, 1, 16]),
    ],
)
def test_as_the_c_library_does(scores: list[float], order: list[int]) -> None:
    """Orders made with g++ 12."""
    assert ranked(scores) == order


@settings(deadline=None)
@given(scores=st.lists(st.one_of(st.just(math.nan), st.integers(0, 3).map(float)), max_size=100))
def test_no_number_breaks_nothing(scores: list[float]) -> None:
    assert sorted(ranked(scores)) == list(range(len(scores)))


def test_where_the_recursion_is_too_deep_the_heap_sorts() -> None:
    """A sequence that makes the median of three a bad choice every time."""
    half = 500
    scores = [0.0] * (2 * half)
    for i in range(1, half + 1):
        if i % 2:
            scores[i - 1], scores[i] = -i, -(half + i)
        scores[half + i - 1] = -2 * i
    assert [scores[i] for i in ranked(scores)] == sorted(scores, reverse=True)
