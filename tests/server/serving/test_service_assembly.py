"""From settings to a service."""

from pathlib import Path

import pytest

from models.model_errors import ArtifactStale, ModelNotPrepared
from models.store import ModelStore
from models.store_writer import set_calibration
from server.cli.flags import load_settings
from server.errors import EngineUnavailable
from server.serving.service_assembly import open_model, open_served_model, open_service
from server.telemetry.metrics import Metrics
from tests.level_model import store_level_model
from tests.server.calibration.calibration_made import made_calibration

AGAIN = "ascend-classify models calibrate level EVALUATION --model-store {store}"


def test_the_settings_choose_model_and_engine(tmp_path: Path) -> None:
    store_level_model(tmp_path)
    service, runtime = open_service(load_settings(model_store=tmp_path, model="level", window=3, runtime="cpu"))
    model = service.models.default
    assert (model.name, model.engine.name, model.engine.capacity, runtime) == ("level", "stream", 3, "cpu")


def test_only_the_fake_engine_does_without_a_model(tmp_path: Path) -> None:
    assert open_model(load_settings(model_store=tmp_path, engines="fake")).manifest.name == "efficientnet_lite0"
    with pytest.raises(ModelNotPrepared, match="models prepare efficientnet_lite0"):
        open_model(load_settings(model_store=tmp_path))


def test_an_unknown_engine_is_refused(tmp_path: Path) -> None:
    store_level_model(tmp_path)
    with pytest.raises(EngineUnavailable, match="There is no engine 'warp'"):
        open_service(load_settings(model_store=tmp_path, model="level", engines="warp"))


@pytest.mark.parametrize(
    ("changes", "settings", "reason", "remedy"),
    [
        ({}, {}, "", ""),
        ({"artifact_sha256": "0" * 64}, {}, "it was made for another artifact", AGAIN),
        ({"recipe_sha256": "0" * 64}, {}, "it was made for another recipe", AGAIN),
        ({"labels_sha256": "0" * 64}, {}, "it was made for another list of labels", AGAIN),
        ({}, {"full_scores": "no"}, "FULL_SCORES=no leaves them out", "Set FULL_SCORES=auto."),
        ({}, {"engines": "fake"}, "the engine fake has no model", "Serve with another engine: ENGINES=auto."),
    ],
)
def test_a_calibration_is_applied_to_what_it_was_made_for(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, changes: dict[str, str], settings: dict[str, str], reason: str, remedy: str
) -> None:
    model = store_level_model(tmp_path)
    set_calibration(model, made_calibration(model, **changes))
    service, _ = open_service(load_settings(model_store=tmp_path, model="level", runtime="cpu", **settings))
    served = service.models.default.served
    assert (served.calibrator is not None, served.scores) == ((not reason), "top" if reason else "full")
    assert reason in served.uncalibrated
    assert bool(caplog.text) == bool(reason)
    assert remedy.format(store=tmp_path) in caplog.text


def test_a_stale_artifact_goes_before_its_calibration(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The engine refuses it, with the remedy; only the artifact of that can be calibrated."""
    model = store_level_model(tmp_path)
    set_calibration(model, made_calibration(model))
    manifest = ModelStore(tmp_path).open("level").manifest
    changed = manifest.recipe.model_copy(update={"mean": (1.0, 2.0, 3.0)})
    manifest.model_copy(update={"recipe": changed}).write(model.folder / "manifest.toml")
    served = open_served_model(load_settings(model_store=tmp_path, model="level", runtime="cpu"), "cpu", Metrics())
    assert "it was made for another recipe" in served.uncalibrated
    assert caplog.text == ""
    with pytest.raises(ArtifactStale, match="convert cpu level"):
        served.model.check_artifact("cpu")


def test_a_calibration_of_another_pipeline_is_not_applied(tmp_path: Path) -> None:
    model = store_level_model(tmp_path)
    set_calibration(model, made_calibration(model))
    (tmp_path / "my.pipeline").write_text("{}")
    settings = load_settings(model_store=tmp_path, model="level", runtime="cpu", pipeline=tmp_path / "my.pipeline")
    assert "made for another hand-written pipeline (none, not" in open_served_model(settings, "cpu", Metrics()).uncalibrated
