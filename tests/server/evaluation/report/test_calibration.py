"""The calibration error, against the definition written with NumPy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.evaluation.report.calibration import BINS, Confidences


def confidences(pairs: list[tuple[float, bool]]) -> Confidences:
    found = Confidences()
    for confidence, correct in pairs:
        found.add(confidence, 0, correct=correct)
    return found


grid = st.integers(0, BINS).map(lambda number: number / BINS)  # the bounds of the bins, where it is easy to be wrong
pairs = st.lists(st.tuples(st.floats(0, 1) | grid, st.booleans()), min_size=1)


@given(pairs)
def test_ece_is_the_definitions(pairs: list[tuple[float, bool]]) -> None:
    values, right = np.array([pair[0] for pair in pairs]), np.array([pair[1] for pair in pairs])
    places = np.clip(np.digitize(values, np.arange(BINS + 1) / BINS, right=True) - 1, 0, BINS - 1)
    gaps = [abs(right[places == place].mean() - values[places == place].mean()) for place in np.unique(places)]
    shares = [(places == place).mean() for place in np.unique(places)]
    found = confidences(pairs).calibration()
    assert found
    assert found.ece == pytest.approx(np.dot(gaps, shares), abs=1e-12)
    assert found.mce == pytest.approx(max(gaps), abs=1e-12)
    assert [filled.count for filled in found.bins] == [int((places == place).sum()) for place in range(BINS)]
    assert sum(filled.correct for filled in found.bins) == right.sum()


@given(pairs, st.randoms())
def test_the_order_of_the_images_changes_nothing(pairs: list[tuple[float, bool]], random: st.DataObject) -> None:
    shuffled = list(pairs)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert confidences(pairs).calibration() == confidences(shuffled).calibration()


def test_a_model_that_is_always_sure_and_half_right() -> None:
    found = confidences([(1.0, True), (1.0, False)]).calibration()
    assert found
    assert (found.ece, found.mce, found.mean_confidence) == (0.5, 0.5, 1.0)
    assert found.bins[-1].accuracy == 0.5
    assert found.bins[0].accuracy is None


@pytest.mark.parametrize("pairs", [[], [(1.2, True)], [(0.5, True), (-3.0, False)]], ids=["nothing", "above 1", "below 0"])
def test_what_is_no_probability_has_no_calibration(pairs: list[tuple[float, bool]]) -> None:
    assert confidences(pairs).calibration() is None


def test_a_class_with_twenty_answers_has_its_own_gap() -> None:
    found = Confidences()
    for number in range(39):
        found.add(0.75, number % 2, correct=number < 10)
    (of_class,) = found.by_class(["a", "b"])
    assert (of_class.name, of_class.accuracy.correct, of_class.accuracy.total, of_class.gap) == ("a", 5, 20, 0.5)
    found.add(1.5, 0, correct=True)  # no probability
    assert found.by_class(["a", "b"]) == ()
