"""The repository: an index, a load with its checks, and no unload."""

import pytest

from server.errors import BadRequest, NotFound, ReloadRefused
from server.oip.repository import load_model, repository_index, unload_model
from server.serving.service import Phase
from tests.server.oip.served_app import ServedApp


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


def test_what_is_refused(served: ServedApp) -> None:
    with pytest.raises(NotFound):
        served.run(load_model(served.reloader, "other", {}))
    with pytest.raises(ReloadRefused):
        unload_model(served.service.models.default)
