"""The routes of the Open Inference Protocol beside inference."""

from collections.abc import Iterator
from typing import Any

import pytest

from server.api.api_keys import ApiKeys
from server.serving.service import Phase
from tests.level_model import level_png
from tests.server.oip.served_app import ServedApp, served_app

MODEL = "/v2/models/level"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedApp]:
    with served_app(tmp_path_factory.mktemp("served"), host="0.0.0.0") as app:
        yield app


def test_health_has_a_body(served: ServedApp, monkeypatch: pytest.MonkeyPatch) -> None:
    """tritonclient looks at the status, kserve's client at the JSON."""
    assert served.ask("GET", "/v2/health/live").json() == {"live": True}
    assert served.ask("GET", "/v2/health/ready").json() == {"ready": True}
    assert served.ask("GET", f"{MODEL}/ready").json() == {"name": "level", "ready": True}
    monkeypatch.setattr(served.service, "phase", Phase.DRAINING)
    for path in ("/v2/health/ready", f"{MODEL}/versions/1/ready"):
        reply = served.ask("GET", path)
        assert (reply.status_code, reply.json()["ready"]) == (503, False)


@pytest.mark.parametrize("version", ["", "/versions/1"])
def test_what_a_model_is(served: ServedApp, version: str) -> None:
    assert served.ask("GET", f"{MODEL}{version}").json()["inputs"] == [{"name": "image", "datatype": "BYTES", "shape": [-1, 1]}]
    config = served.ask("GET", f"{MODEL}{version}/config").json()
    assert config["input"] == [{"name": "image", "data_type": "TYPE_STRING", "dims": [1]}]
    assert served.ask("GET", f"{MODEL}{version}/labels").json()["labels"][22] == "level 88"
    assert [each["name"] for each in served.ask("GET", f"{MODEL}{version}/stats").json()["model_stats"]] == ["level"]


def test_labels_come_in_chinese_if_the_model_has_them(served: ServedApp) -> None:
    assert "language" not in served.ask("GET", f"{MODEL}/labels?language=zh").json()
    model = served.service.models.default.served.model
    file = (model.folder / model.manifest.labels).with_suffix(".zh.names")
    file.write_text("".join(f"灰度 {4 * number}\n" for number in range(64)), "utf-8")
    try:
        reply = served.ask("GET", f"{MODEL}/versions/1/labels?language=zh").json()
        assert (reply["language"], reply["labels"][22]) == ("zh", "灰度 88")
        assert served.ask("GET", f"{MODEL}/labels").json()["labels"][22] == "level 88"
        refused = served.ask("GET", f"{MODEL}/labels?language=xx")
        assert (refused.status_code, refused.json()["error"]) == (400, "The language 'xx' is unknown. The known names are zh.")
    finally:
        file.unlink()


def test_the_server_and_its_models(served: ServedApp) -> None:
    assert "statistics" in served.ask("GET", "/v2").json()["extensions"]
    assert served.ask("GET", "/v2/models").json() == {"models": ["level"]}
    assert served.ask("GET", "/v2/models/stats").json()["model_stats"][0]["batch_stats"]


def test_the_index(served: ServedApp) -> None:
    for body in (b"", b"{}", b'{"ready": true}'):
        assert served.ask("POST", "/v2/repository/index", content=body).json()[0]["state"] == "READY"
    assert served.ask("POST", "/v2/repository/index", content=b"[").status_code == 400


@pytest.mark.parametrize("below", ["", "/config", "/stats", "/labels", "/ready", "/versions/7", "/versions/1/other"])
def test_models_that_there_are_not(served: ServedApp, below: str) -> None:
    reply = served.ask("GET", f"/v2/models/{'other' if '/versions' not in below else 'level'}{below}")
    assert (reply.status_code, reply.json()["code"]) == (404, "not_found")


def test_a_load_is_guarded_as_admin_is(served: ServedApp) -> None:
    """The server listens on all addresses without a key."""
    for verb in ("load", "unload"):
        reply = served.ask("POST", f"/v2/repository/models/level/{verb}")
        assert (reply.status_code, reply.json()["code"]) == (403, "forbidden")


def test_with_a_key(tmp_path_factory: pytest.TempPathFactory) -> None:
    key: dict[str, Any] = {"headers": {"x-api-key": "s3cret"}}
    with served_app(tmp_path_factory.mktemp("keyed"), ApiKeys({"default": "s3cret"})) as app:
        assert app.ask("GET", "/v2/health/ready").status_code == 200
        assert app.ask("GET", "/v2/models/level/ready").status_code == 401
        load = "/v2/repository/models/level/load"
        assert app.ask("POST", load, **key).json() == {"name": "level", "version": "1", "load": True}
        assert app.ask("POST", load, json={"parameters": {"config": "{}"}}, **key).status_code == 400
        assert app.ask("POST", "/v2/repository/models/other/load", **key).json()["code"] == "reload_refused"
        assert app.ask("POST", "/v2/repository/models/level/unload", **key).json()["code"] == "reload_refused"
        assert app.ask("POST", "/classify", content=level_png(8), **key).json()["predictions"][0]["class_id"] == 2
