"""A calibration made up for the tests."""

from typing import Any

from models.fitted_calibration import FittedCalibration
from models.store import StoredModel


def made_calibration(model: StoredModel, **changes: Any) -> FittedCalibration:
    """One that belongs to the CPU artifact of a model: a temperature of 2, and sets for 0.9 and 0.95."""
    artifact = model.manifest.artifact("cpu")
    fields: dict[str, Any] = {
        "temperature": 2.0,
        "ece_before": 0.1,
        "ece_after": 0.01,
        "images": 60,
        "evaluation": "made",
        "list_sha256": "d" * 64,
        "artifact_sha256": artifact.sha256 if artifact else "a" * 64,
        "recipe_sha256": model.manifest.recipe.sha256,
        "labels_sha256": model.manifest.labels_sha256,
        "thresholds": {"0.9": 0.6, "0.95": 0.95},
    }
    return FittedCalibration(**(fields | changes))
