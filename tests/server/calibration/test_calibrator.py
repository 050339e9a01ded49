"""A calibration changes the scores of an answer, adds a set, and knows to what it belongs."""

from pathlib import Path

import numpy as np
import pytest

from models.store import StoredModel
from server.calibration.calibrator import Calibrator, misfit
from server.engines.all_scores import packed
from server.errors import BadRequest
from server.types import ClassScore, Prediction
from tests.level_model import store_level_model
from tests.server.calibration.calibration_made import made_calibration

SCORES = np.array([0.04, 0.64, 0.16, 0.16], np.float32)
PREDICTION = Prediction(
    tuple(ClassScore(class_id, f"class {class_id}", float(SCORES[class_id])) for class_id in (1, 2, 3)), "fake", all_scores=packed(SCORES)
)


@pytest.fixture
def model(tmp_path: Path) -> StoredModel:
    return store_level_model(tmp_path)


@pytest.fixture
def calibrator(model: StoredModel) -> Calibrator:
    return Calibrator(made_calibration(model), [f"class {class_id}" for class_id in range(4)])


def test_the_scores_are_those_at_the_temperature(calibrator: Calibrator) -> None:
    """At a temperature of 2 a probability becomes its root: 0.2, 0.8, 0.4 and 0.4 of 1.8."""
    found = calibrator.calibrated(PREDICTION)
    assert [(best.class_id, best.label) for best in found.scores] == [(1, "class 1"), (2, "class 2"), (3, "class 3")]
    assert [best.score for best in found.scores] == pytest.approx([0.8 / 1.8, 0.4 / 1.8, 0.4 / 1.8], abs=1e-7)
    assert (found.score_type, found.engine, found.prediction_set) == ("calibrated", "fake", None)
    assert np.frombuffer(found.all_scores or b"", "<f4") == pytest.approx([0.2 / 1.8, 0.8 / 1.8, 0.4 / 1.8, 0.4 / 1.8], abs=1e-7)


def test_logits_give_the_same(calibrator: Calibrator) -> None:
    logits = Prediction(PREDICTION.scores, "fake", "logit", all_scores=packed(np.log(SCORES) + 7))
    expected = [best.score for best in calibrator.calibrated(PREDICTION).scores]
    assert [best.score for best in calibrator.calibrated(logits).scores] == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(("asked", "coverage", "classes"), [(0.5, 0.9, [1, 2]), (0.9, 0.9, [1, 2]), (0.91, 0.95, [1, 2, 3, 0])])
def test_the_set_of_the_coverage_that_is_enough(calibrator: Calibrator, asked: float, coverage: float, classes: list[int]) -> None:
    """The classes before the third have 1.2 of 1.8, which is more than 0.6."""
    found = calibrator.calibrated(PREDICTION, asked).prediction_set
    assert found is not None
    assert (found.coverage, [(each.class_id, each.label) for each in found.classes]) == (coverage, [(n, f"class {n}") for n in classes])


def test_a_coverage_that_too_few_images_cannot_give(calibrator: Calibrator) -> None:
    with pytest.raises(BadRequest, match=r"60 images, enough for a coverage of 0\.95, not 0\.985.*calibrate on 198 labelled"):
        calibrator.calibrated(PREDICTION, 0.985)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, ""),
        ({"artifact_sha256": "b" * 64}, "it was made for another artifact (bbbbbbbbbbbb, not"),
        ({"recipe_sha256": "b" * 64}, "another recipe (bbbbbbbbbbbb, not"),
        ({"labels_sha256": "b" * 64}, "another list of labels (bbbbbbbbbbbb, not"),
        ({"decode": "reduced"}, "another decode (reduced, not exact)"),
        ({"pipeline_sha256": "b" * 64}, "another hand-written pipeline (bbbbbbbbbbbb, not none)"),
        ({"recipe_sha256": "b" * 64, "decode": "reduced"}, "; it was made for another decode (reduced, not exact)"),
    ],
)
def test_what_is_not_served_is_named(model: StoredModel, changes: dict[str, str], words: str) -> None:
    fitted = made_calibration(model, **changes)
    found = misfit(fitted, model.manifest, model.manifest.artifacts[0].sha256)
    assert words in found
    assert bool(found) == bool(changes)
