"""Fits a calibration on one half of a scored run, and measures it on the other."""

from dataclasses import dataclass
from math import sqrt

import numpy as np

from models.fitted_calibration import FittedCalibration
from server.calibration.prediction_sets import enough, images_for, scores_by_rank, scores_of_labels, thresholds_of
from server.calibration.temperature import probabilities_of
from server.evaluation.evaluation_errors import CalibrationRefused
from server.evaluation.fitting.calibration_error import RESAMPLES, CalibrationError, calibration_errors
from server.evaluation.fitting.scored_run import ScoredRun
from server.evaluation.fitting.temperature_fit import FittedTemperature, fit_temperature, negative_log_likelihood
from server.evaluation.report.intervals import Z_95, Share

FEWEST = 50
"""Of images in a half."""
SHOWN = (0.8, 0.9, 0.95, 0.99)


@dataclass(frozen=True)
class Covered:
    """A coverage, measured: the share of images with the right class in the set, and the number of classes in a set."""

    coverage: float
    share: Share
    mean_classes: float
    most_classes: int


@dataclass(frozen=True)
class CalibrationFit:
    """A fitted calibration, and what it was seen to do. The errors and likelihoods are those of the half that it was not fitted on."""

    fitted: FittedCalibration
    temperature: FittedTemperature
    error_before: CalibrationError
    error_after: CalibrationError
    likelihood_before: float
    likelihood_after: float
    covered: tuple[Covered, ...]
    halves: tuple[int, int]
    of: int

    @property
    def fell(self) -> float:
        """The share of resamples in which the calibration lowers the calibration error."""
        return float(np.mean(self.error_after.resampled < self.error_before.resampled))

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the other half says against the calibration: an error that seldom falls, a coverage that is not reached.

        More than the asked coverage is right, too: where the best class is right more often, sets have one class.
        """
        error = f"The calibration error falls in {self.fell:.1%} of the resamples only: the scores may be no better than before."
        short = (each for each in self.covered if self._falls_short(each))
        return (
            *([error] if self.fell <= 0.5 else []),
            *(f"Sets of the coverage {each.coverage:g} hold the right class less often: {_share(each.share)}." for each in short),
        )

    def _falls_short(self, each: Covered) -> bool:
        """Whether it is below its coverage by more than chance in both halves: the threshold comes from a sample, too."""
        deviation = sqrt(each.coverage * (1 - each.coverage) * (1 / each.share.total + 1 / self.halves[1]))
        return (each.share.value or 0) < each.coverage - Z_95 * deviation

    def as_text(self) -> str:
        """A small table for a person."""
        first, second = self.halves
        used = f"{first + second} images" if first + second == self.of else f"{first + second} of {self.of} images, taken at random"
        rows = [
            f"{used}: {first} for the temperature, {second} for the rest",
            "temperature {:.4f} (95 %: {:.4f} to {:.4f})".format(self.temperature.value, *self.temperature.interval),
            f"{'':<28}{'before':>28}{'after':>28}",
            f"{'calibration error (95 %)':<28}{_error(self.error_before):>28}{_error(self.error_after):>28}",
            f"{'negative log-likelihood':<28}{self.likelihood_before:>28.4f}{self.likelihood_after:>28.4f}",
            f"The error falls in {self.fell:.1%} of {RESAMPLES} resamples.",
            f"{'coverage':<12}{'measured on the other half (95 %)':>36}{'classes in a set':>20}{'most':>8}",
        ]
        for each in self.covered:
            measured, size = _share(each.share), f"{each.mean_classes:.2f}"
            rows.append(f"{each.coverage:<12g}{measured:>36}{size:>20}{each.most_classes:>8}")
        return "\n".join(rows)


def fit_calibration(run: ScoredRun, coverage: float = 0.95, seed: int = 0) -> CalibrationFit:
    """Fit a temperature on the first half of the images, and thresholds on the second.

    So the temperature is independent of the images of the thresholds, as the guarantee of a coverage needs. Raises CalibrationRefused
    if there are too few images for `coverage`, the largest that clients want, or if there is no best temperature.
    """
    images, needed = len(run.labels), 2 * max(FEWEST, images_for(coverage))
    if images < needed:
        raise CalibrationRefused(
            f"The evaluation {run.name} has {images} answered images with labels. A coverage of {coverage:g} needs {needed}.",
            "Evaluate a larger set with --scores, or lower --coverage, for which 100 are enough up to 0.98.",
        )
    first, second = slice(0, images // 2), slice(images // 2, images)  # a run's images are in random order
    logits, labels = run.logits[second], run.labels[second]
    temperature = fit_temperature(run.logits[first], run.labels[first])
    before, after = probabilities_of(logits, 1.0), probabilities_of(logits, temperature.value)
    right = after.argmax(axis=1) == labels
    error_before, error_after = calibration_errors([before.max(axis=1), after.max(axis=1)], right, seed)
    thresholds = thresholds_of(scores_of_labels(after, labels))
    manifest = run.manifest
    fitted = FittedCalibration(
        temperature=temperature.value,
        ece_before=error_before.value,
        ece_after=error_after.value,
        images=len(labels),
        evaluation=run.name,
        list_sha256=manifest.list_sha256,
        artifact_sha256=manifest.model_sha256,
        recipe_sha256=manifest.recipe_sha256,
        labels_sha256=manifest.labels_sha256,
        pipeline_sha256=manifest.pipeline_sha256,
        precision="bf16" if manifest.precision == "bf16" else None,
        decode="reduced" if manifest.decode == "reduced" else None,
        thresholds=thresholds,
    )
    return CalibrationFit(
        fitted,
        temperature,
        error_before,
        error_after,
        negative_log_likelihood(logits, labels, 1.0),
        negative_log_likelihood(logits, labels, temperature.value),
        _measured(run, first, fitted, coverage),
        (images // 2, len(labels)),
        run.of,
    )


def _measured(run: ScoredRun, part: slice, fitted: FittedCalibration, asked: float) -> tuple[Covered, ...]:
    """The coverages on the half that gave no threshold."""
    probabilities, labels = probabilities_of(run.logits[part], fitted.temperature), run.labels[part]
    scores, ranked = scores_of_labels(probabilities, labels), scores_by_rank(probabilities)
    thresholds = {float(coverage): threshold for coverage, threshold in fitted.thresholds.items()}
    rows = []
    for coverage in sorted({enough(each, thresholds) or 0.0 for each in (*SHOWN, asked)} - {0.0}):
        sizes = (ranked <= thresholds[coverage]).sum(axis=1)
        share = Share.of(int((scores <= thresholds[coverage]).sum()), len(labels))
        rows.append(Covered(coverage, share, float(sizes.mean()), int(sizes.max())))
    return tuple(rows)


def _error(error: CalibrationError) -> str:
    return f"{error.value:.4f} ({error.interval[0]:.4f} to {error.interval[1]:.4f})"


def _share(share: Share) -> str:
    low, high = share.interval or (0.0, 1.0)
    return f"{share.correct} of {share.total} = {share.value or 0:.1%} ({low:.1%} to {high:.1%})"
