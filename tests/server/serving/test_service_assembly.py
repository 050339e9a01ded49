"""From settings to a service."""

from pathlib import Path

import pytest

from models.model_errors import ModelNotPrepared
from server.cli.flags import load_settings
from server.errors import EngineUnavailable
from server.serving.service_assembly import open_model, open_service
from tests.level_model import store_level_model


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
