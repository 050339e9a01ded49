"""A reply names the served model and its version."""

from pathlib import Path

import pytest

from models.store import StoredModel, zoo_manifest
from server.calibration.calibrator import Calibrator
from server.engines.all_scores import packed
from server.engines.fake_engine import FakeEngine
from server.engines.fleet.fleet import Fleet
from server.errors import BadRequest, NotCalibrated
from server.serving.served_model import ServedModel
from server.types import ClassScore, Prediction
from tests.server.calibration.calibration_made import made_calibration

MODEL = StoredModel(zoo_manifest("efficientnet_lite0"), Path())
PREDICTION = Prediction((ClassScore(1, "b", 0.64),), "fake", all_scores=packed([0.36, 0.64]))


def test_replies_name_model_and_version() -> None:
    served = ServedModel(MODEL, Fleet.of(FakeEngine()))
    assert served.words == {"model": "efficientnet_lite0", "version": "1"}


def test_a_model_without_a_calibration_answers_as_before_and_refuses_a_coverage() -> None:
    served = ServedModel(MODEL, Fleet.of(FakeEngine()), to_calibrate="Run: the remedy")
    assert served.scores == "top"
    assert served.calibrated(PREDICTION) is PREDICTION
    served.check_coverage(None)
    with pytest.raises(NotCalibrated, match=r"it has no calibration\. Run: the remedy"):
        served.check_coverage(0.9)
    with pytest.raises(NotCalibrated):
        served.calibrated(PREDICTION, 0.9)


def test_a_calibrated_model_asks_for_all_scores() -> None:
    served = ServedModel(MODEL, Fleet.of(FakeEngine()), Calibrator(made_calibration(MODEL), ["a", "b"]), "")
    assert served.scores == "full"
    served.check_coverage(0.95)
    with pytest.raises(BadRequest, match=r"not 0\.99"):
        served.check_coverage(0.99)
    answer = served.calibrated(PREDICTION, 0.95)
    assert answer.scores[0].score == pytest.approx(0.8 / 1.4)
    assert answer.prediction_set is not None
    assert [each.label for each in answer.prediction_set.classes] == ["b", "a"]
