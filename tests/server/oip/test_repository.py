"""The repository: an index, and a load and an unload with their checks."""

from pathlib import Path
from typing import Any

import pytest

from server.api.api_keys import ApiKeys
from server.errors import BadRequest, ReloadRefused
from server.oip.repository import load_model, repository_index
from server.serving.service import Phase
from tests.level_model import store_level_model
from tests.server.oip.served_app import ServedApp, served_app


def test_the_index_tells_states(served: ServedApp, monkeypatch: pytest.MonkeyPatch) -> None:
    assert [each.model_dump() for each in repository_index(served.service, ready_only=True)] == [
        {"name": "level", "version": "1", "state": "READY", "reason": ""}
    ]
    monkeypatch.setattr(served.service, "phase", Phase.DRAINING)
    assert [each.state for each in repository_index(served.service, ready_only=False)] == ["UNAVAILABLE"]
    assert repository_index(served.service, ready_only=True) == []


def test_a_load_is_a_reload(served: ServedApp) -> None:
    before = served.service.models.default.served
    after = served.run(load_model(served.reloader, "level", {"unknown": 1}))
    assert after is served.service.models.default.served is not before


@pytest.mark.parametrize("name", ["config", "file:1/model.onnx"])
def test_a_load_takes_no_model_from_the_client(served: ServedApp, name: str) -> None:
    with pytest.raises(BadRequest, match=name):
        served.run(load_model(served.reloader, "level", {name: "x"}))


def test_without_model_control_the_models_stay(served: ServedApp) -> None:
    with pytest.raises(ReloadRefused, match="MODEL_CONTROL"):
        served.run(load_model(served.reloader, "other", {}))
    with pytest.raises(ReloadRefused, match="MODEL_CONTROL"):
        served.run(served.reloader.unload("level"))


def test_with_it_models_come_and_go(tmp_path: Path) -> None:
    store_level_model(tmp_path, name="other")
    key = {"x-api-key": "s3cret"}
    with served_app(tmp_path, ApiKeys({"default": "s3cret"}), model_control="explicit") as app:

        def post(path: str) -> Any:
            return app.ask("POST", f"/v2/repository/{path}", headers=key).json()

        def states() -> dict[str, str]:
            return {each["name"]: each["state"] for each in post("index")}

        assert states() == {"level": "READY", "other": "UNAVAILABLE"}
        assert post("models/other/load") == {"name": "other", "version": "1", "load": True}
        assert states() == {"level": "READY", "other": "READY"}
        assert post("models/other/unload") == {"name": "other", "unload": True}
        assert states() == {"level": "READY", "other": "UNAVAILABLE"}
        assert post("models/other/unload")["code"] == "not_found"
        assert post("models/level/unload")["error"].startswith("level is the default model")
