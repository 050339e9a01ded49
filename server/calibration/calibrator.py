"""Applies the calibration of a model to the answers of its engine."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from models.fitted_calibration import FittedCalibration
from models.manifest import ModelManifest
from pipelines.reduction import Decode
from server.calibration.prediction_sets import enough, images_for, members
from server.calibration.temperature import Floats, logits_of, probabilities_of
from server.engines.all_scores import FLOAT32, packed
from server.errors import BadRequest
from server.types import ClassScore, Prediction, PredictionSet

_DIGITS = 9  # of a probability in an answer
_HALVES = 2  # of the labelled images of an evaluation, one half gives the thresholds


class Calibrator:
    """A calibration that belongs to the served model, and the names of the classes."""

    def __init__(self, fitted: FittedCalibration, labels: Sequence[str]) -> None:
        self._temperature = fitted.temperature
        self._images = fitted.images
        self._labels = labels
        self._thresholds = {float(coverage): threshold for coverage, threshold in fitted.thresholds.items()}

    def threshold(self, coverage: float) -> tuple[float, float]:
        """The coverage of the manifest that is enough for an asked one, and its threshold; raises BadRequest if there is none."""
        found = enough(coverage, self._thresholds)
        if found is None:
            most = max(self._thresholds, default=0.0)
            raise BadRequest(
                f"The calibration of this model is of {self._images} images, enough for a coverage of {most:g}, not {coverage:g}.",
                f"Ask for less, or calibrate on {_HALVES * images_for(coverage)} labelled images or more.",
            )
        return found, self._thresholds[found]

    def calibrated(self, prediction: Prediction, coverage: float | None = None) -> Prediction:
        """The answer with calibrated probabilities in place of the engine's scores, and with the prediction set for a coverage.

        The prediction must have the scores of all classes. Raises BadRequest for a coverage that cannot be had.
        """
        scores = np.frombuffer(prediction.all_scores or b"", FLOAT32)
        probabilities = probabilities_of(logits_of(scores, prediction.score_type), self._temperature)
        ids = [each.class_id for each in prediction.scores]
        best = tuple([each._replace(score=score) for each, score in zip(prediction.scores, _rounded(probabilities[ids]), strict=True)])
        return replace(
            prediction,
            scores=best,
            score_type="calibrated",
            all_scores=packed(probabilities),
            prediction_set=None if coverage is None else self._set(probabilities, coverage),
        )

    def _set(self, probabilities: Floats, coverage: float) -> PredictionSet:
        found, threshold = self.threshold(coverage)
        ids = members(probabilities, threshold)
        scored = zip(ids.tolist(), _rounded(probabilities[ids]), strict=True)
        return PredictionSet(found, tuple([ClassScore(class_id, self._label(class_id), score) for class_id, score in scored]))

    def _label(self, class_id: int) -> str:
        return self._labels[class_id] if class_id < len(self._labels) else ""


def _rounded(probabilities: Floats) -> list[float]:
    scores: list[float] = probabilities.round(_DIGITS).tolist()
    return scores


def misfit(
    fitted: FittedCalibration,
    manifest: ModelManifest,
    artifact_sha256: str,
    pipeline_sha256: str = "",
    precision: str = "f32",
    decode: Decode = "exact",
) -> str:
    """What the calibration was made for and is not served, in words; empty if it belongs to what is served."""
    pairs = (
        ("artifact", fitted.artifact_sha256, artifact_sha256),
        ("recipe", fitted.recipe_sha256, manifest.recipe.sha256),
        ("list of labels", fitted.labels_sha256, manifest.labels_sha256),
        ("hand-written pipeline", fitted.pipeline_sha256, pipeline_sha256),
        ("precision", fitted.precision or "the file's", "bf16" if precision == "bf16" else "the file's"),
        ("decode", fitted.decode or "exact", decode),
    )
    wrong = [(what, made[:12] or "none", served[:12] or "none") for what, made, served in pairs if made != served]
    return "; ".join(f"it was made for another {what} ({made}, not {served})" for what, made, served in wrong)
