"""A fit finds the temperature of the labels, lowers the calibration error, and its sets cover what was asked."""

import re
from dataclasses import replace

import numpy as np
import pytest

from server.calibration.temperature import probabilities_of
from server.evaluation.evaluation_errors import CalibrationRefused
from server.evaluation.fitting.calibration_fit import Covered, fit_calibration
from server.evaluation.fitting.scored_run import ScoredRun
from server.evaluation.report.intervals import Share
from tests.server.evaluation.made_run import made_manifest

CLASSES = 12
TRUE = 2.0


def scored(images: int, seed: int = 0) -> ScoredRun:
    """Labels drawn from the softmax of the logits at a temperature of 2: the network is too sure."""
    random = np.random.default_rng(seed)
    logits = random.normal(0, 5, (images, CLASSES))
    labels = (random.random((images, 1)) > probabilities_of(logits, TRUE).cumsum(axis=1)).sum(axis=1).clip(0, CLASSES - 1)
    return ScoredRun(made_manifest(images, CLASSES), "run", logits, labels, images)


def test_what_is_fitted_and_seen() -> None:
    fit = fit_calibration(scored(8000))
    assert fit.fitted.temperature == pytest.approx(TRUE, rel=0.05)
    assert fit.error_after.interval[1] < fit.error_before.interval[0]
    assert (fit.fitted.ece_before, fit.fitted.ece_after) == (fit.error_before.value, fit.error_after.value)
    assert fit.likelihood_after < fit.likelihood_before
    assert (fit.fell, fit.warnings) == (1, ())
    assert [each.coverage for each in fit.covered] == [0.8, 0.9, 0.95, 0.99]
    for each in fit.covered:
        assert each.share.value == pytest.approx(each.coverage, abs=4 * (2 * each.coverage * (1 - each.coverage) / 4000) ** 0.5)
    sizes = [each.mean_classes for each in fit.covered]
    assert sizes == sorted(sizes)
    assert (fit.fitted.images, fit.fitted.evaluation, fit.fitted.artifact_sha256) == (4000, "run", "a" * 64)


def test_the_table() -> None:
    lines = fit_calibration(replace(scored(201), of=900)).as_text().splitlines()
    assert lines[0] == "201 of 900 images, taken at random: 100 for the temperature, 101 for the rest"
    assert re.fullmatch(r"temperature (\d\.\d{4}) \(95 %: (\d\.\d{4}) to (\d\.\d{4})\)", lines[1])
    assert [line.split()[0] for line in lines[-4:]] == ["0.8", "0.9", "0.95", "0.99"]
    assert " of 100 = " in lines[-1]


def test_what_does_not_hold_on_the_other_half_is_a_warning() -> None:
    """142 of 150 for 0.99 is too few; more than was asked is right, too; an error that falls as often as not is one."""
    fit = fit_calibration(scored(400))
    shares = [Covered(0.8, Share.of(150, 150), 1, 1), Covered(0.95, Share.of(142, 150), 1, 1), Covered(0.99, Share.of(142, 150), 1, 1)]
    same = replace(fit, covered=tuple(shares), error_after=fit.error_before)
    assert same.warnings == (
        "The calibration error falls in 0.0% of the resamples only: the scores may be no better than before.",
        "Sets of the coverage 0.99 hold the right class less often: 142 of 150 = 94.7% (89.8% to 97.3%).",
    )


@pytest.mark.parametrize(("coverage", "needed"), [(0.5, 100), (0.95, 100), (0.98, 100), (0.99, 198), (0.999, 1998)])
def test_so_many_images_are_asked_for(coverage: float, needed: int) -> None:
    with pytest.raises(CalibrationRefused, match=f"{needed - 1} answered images with labels. A coverage of {coverage:g} needs {needed}"):
        fit_calibration(scored(needed - 1), coverage)
    assert f"{coverage:g}" in fit_calibration(scored(needed), coverage).fitted.thresholds
