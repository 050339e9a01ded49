"""Split conformal prediction: a set has the right class as often as was asked, for any network and any labels."""

from fractions import Fraction
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.calibration.coverage_levels import LEVELS
from server.calibration.prediction_sets import enough, images_for, members, scores_by_rank, scores_of_labels, thresholds_of
from server.calibration.temperature import Floats


def probabilities(images: int, classes: int, seed: int) -> Floats:
    return np.random.default_rng(seed).dirichlet(np.full(classes, 0.3), images)


@given(st.integers(1, 30), st.integers(2, 12), st.integers(0, 1000), st.sampled_from([0.0, 0.3, 0.9, 0.999, 1.0]))
def test_a_class_is_in_the_set_if_its_score_is_at_most_the_threshold(images: int, classes: int, seed: int, threshold: float) -> None:
    """The scores of the fit, the scores of a report and the sets of an answer are one definition."""
    rows = probabilities(images, classes, seed)
    ranked = scores_by_rank(rows)
    for row, sorted_scores in zip(rows, ranked, strict=True):
        scores = scores_of_labels(np.tile(row, (classes, 1)), np.arange(classes))
        clear = np.abs(scores - threshold) > 1e-12  # or rounding decides
        found = members(row, threshold)
        assert set(np.flatnonzero((scores <= threshold) & clear)) == {class_id for class_id in found if clear[class_id]}
        assert list(found) == sorted(found, key=lambda class_id: (-row[class_id], class_id))
        assert len(found) == (sorted_scores <= threshold).sum() >= 1


def test_equal_classes_are_in_the_order_of_their_ids() -> None:
    row = np.array([0.2, 0.4, 0.4])
    assert members(row, 0.4).tolist() == [1, 2]
    assert members(row, 0.39).tolist() == [1]
    assert scores_of_labels(np.tile(row, (3, 1)), np.arange(3)) == pytest.approx([0.8, 0, 0.4])


def test_the_threshold_is_the_score_of_the_rank_that_the_proof_names() -> None:
    scores = np.arange(99, 0, -1) / 100
    thresholds = thresholds_of(scores)
    assert thresholds["0.95"] == 0.95  # of 100 places, 95
    assert thresholds["0.99"] == 0.99
    assert "0.995" not in thresholds
    assert thresholds_of(np.array([0.123456789123]))["0.5"] == 0.123456790  # rounded up: never a class less


@pytest.mark.parametrize("level", LEVELS)
def test_so_many_images_are_needed(level: int) -> None:
    coverage = Fraction(level, 1000)
    needed = images_for(float(coverage))
    assert f"{float(coverage):g}" in thresholds_of(np.zeros(needed))
    assert f"{float(coverage):g}" not in thresholds_of(np.zeros(needed - 1))
    assert needed == -(-coverage // (1 - coverage))


def test_a_coverage_between_two_gets_the_larger() -> None:
    assert (enough(0.951, [0.9, 0.99, 0.96]), enough(0.96, [0.96, 0.99]), enough(0.995, [0.99])) == (0.96, 0.96, None)
    assert images_for(0.9501) == images_for(0.96) == 24


def beta_binomial(images: int, tests: int, rank: int) -> list[float]:
    """The probability of each number of covered images among `tests`: Polya's urn with the ranks of the threshold's images."""
    a, b = rank, images + 1 - rank
    return [comb(a - 1 + k, k) * comb(b - 1 + tests - k, tests - k) / comb(images + tests, tests) for k in range(tests + 1)]


@pytest.mark.parametrize("coverage", [0.8, 0.9, 0.95])
def test_the_coverage_is_the_asked_one_for_a_network_that_is_wrong_about_itself(coverage: float) -> None:
    """Its probabilities are far too sure. The number of covered images has the distribution that the theory says, to its mean."""
    random, images, tests, rounds = np.random.default_rng(1), 200, 100, 300
    covered = []
    for _ in range(rounds):
        truth = random.dirichlet(np.full(8, 0.7), images + tests)
        labels = (random.random((images + tests, 1)) > truth.cumsum(axis=1)).sum(axis=1).clip(0, 7)
        sure = truth**3 / (truth**3).sum(axis=1, keepdims=True)
        scores = scores_of_labels(sure, labels)
        covered.append((scores[images:] <= thresholds_of(scores[:images])[f"{coverage:g}"]).sum())
    chances = np.array(beta_binomial(images, tests, -int(-(images + 1) * coverage // 1)))
    mean = (chances * np.arange(tests + 1)).sum()
    deviation = ((chances * (np.arange(tests + 1) - mean) ** 2).sum() / rounds) ** 0.5
    assert abs(np.mean(covered) - mean) < 4 * deviation
    assert mean / tests >= coverage
