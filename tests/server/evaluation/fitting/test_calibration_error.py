"""The expected calibration error is that of a report, and its intervals are those of resampled images."""

import numpy as np
import pytest

from server.evaluation.fitting.calibration_error import RESAMPLES, calibration_errors
from server.evaluation.report.calibration import BINS, Confidences

RANDOM = np.random.default_rng(0)
CONFIDENCES = np.concatenate([RANDOM.random(400), np.arange(BINS + 1) / BINS])  # with the bounds of the bins
CORRECT = RANDOM.random(len(CONFIDENCES)) < CONFIDENCES


def test_it_is_that_of_a_report() -> None:
    collected = Confidences()
    for confidence, correct in zip(CONFIDENCES.tolist(), CORRECT.tolist(), strict=True):
        collected.add(confidence, 0, correct=correct)
    report = collected.calibration()
    assert report is not None
    (found,) = calibration_errors([CONFIDENCES], CORRECT)
    assert found.value == pytest.approx(report.ece, abs=1e-12)
    assert found.interval == pytest.approx(np.percentile(found.resampled, [2.5, 97.5]))
    assert len(found.resampled) == RESAMPLES


def test_resamples_are_of_the_same_images() -> None:
    """So the same scores twice differ in none, and scores that are too sure are worse in all."""
    same, again, sure = calibration_errors([CONFIDENCES, CONFIDENCES, CONFIDENCES**0.2], CORRECT)
    assert (same.resampled == again.resampled).all()
    assert (sure.resampled > same.resampled).all()
    assert np.std(same.resampled) > 0.001
