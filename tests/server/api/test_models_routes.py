"""GET /models as JSON and as a page: what it tells each client, and that it is what GET /info tells."""

# ruff: noqa: RUF001 - Chinese has its own signs

import html
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from models.manifest import Recipe
from models.store_writer import set_calibration
from server.api.model_cards import ModelsReply
from server.engines.base import EngineStatus
from server.engines.fleet.fleet import Fleet
from tests.level_model import add_quantised_level, level_png, store_level_model
from tests.made_model import change_model
from tests.server.calibration.calibration_made import made_calibration
from tests.server.oip.served_app import ServedApp, served_app
from tests.server.process import ServerProcess

CHINESE = {"accept": "text/html", "accept-language": "zh-CN"}
HTML = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
SIZE = "32 \N{MULTIPLICATION SIGN} 32"


@pytest.fixture
def served(tmp_path: Path) -> Iterator[ServedApp]:
    change_model(add_quantised_level(store_level_model(tmp_path, "level")), description="A <b>level</b> & more")
    twin = store_level_model(tmp_path, "twin")
    set_calibration(twin, made_calibration(twin, artifact_sha256="0" * 64, decode="reduced"))
    recipe = {"resize": "short_side", "resize_width_px": 40, "resize_height_px": 40, "crop_width_px": 32, "crop_height_px": 32}
    recipe |= {"mean": (123.675, 116.28, 103.53), "std": (58.4, 58.4, 58.4)}
    change_model(store_level_model(tmp_path, "stored"), recipe=Recipe.model_validate(recipe))
    (tmp_path / "models.toml").write_text('[level]\nshadow = "twin"\n')
    with served_app(
        tmp_path,
        models="level,twin",
        models_file=tmp_path / "models.toml",
        model_store=tmp_path,
        model_control="explicit",
        streams_per_device=1,
        latency_mode="off",
        engines="stream",
    ) as app:
        yield app


def cards(served: ServedApp) -> dict[str, dict[str, Any]]:
    found = served.ask("GET", "/models").json()
    assert ModelsReply.model_validate_json(json.dumps(found), extra="forbid").model_dump(mode="json") == found
    return {card["name"]: card for card in found["models"]}


def test_a_served_model_is_told_as_info_tells_it(served: ServedApp) -> None:
    level = cards(served)["level"]
    infos = {each["model"]: each for each in served.ask("GET", "/info").json()["models"]}
    assert level["served"] == infos["level"]
    assert (level["state"], level["default"], level["classes"], level["accuracy"]) == ("READY", True, 64, None)
    assert level["recipe"] == {
        "sha256": infos["level"]["recipe_sha256"],
        "resize": "stretch",
        "resize_px": [32, 32],
        "crop_px": None,
        "colour_order": "RGB",
        "mean": [0, 0, 0],
        "std": [1, 1, 1],
    }
    assert [(each["precision"], each["served"], each["image_ms"]) for each in level["precisions"]] == [
        ("f32", True, None),
        ("int8", False, None),
    ]


def test_what_was_measured_after_the_start_is_told(served: ServedApp) -> None:
    served.service.models.default.measured_s = {"f32": 0.0123, "bf16": 0.004}
    told = [(each["precision"], each["image_ms"]) for each in cards(served)["level"]["precisions"]]
    assert told == [("f32", 12.3), ("int8", None), ("bf16", 4.0)]
    assert served.ask("POST", "/admin/models/reload").status_code == 200
    assert cards(served)["level"]["precisions"][0]["image_ms"] is None


def test_a_stored_model_is_told_from_its_manifest(served: ServedApp) -> None:
    stored = cards(served)["stored"]
    assert (stored["state"], stored["version"], stored["classes"], stored["served"]) == ("unloaded", "1", 64, None)
    assert stored["artifacts"][0]["file"] == "level.onnx"


def test_a_manifest_that_cannot_be_read_is_told_without_its_folder(served: ServedApp, tmp_path: Path) -> None:
    (tmp_path / "stored" / "manifest.toml").write_text("classes = [")
    stored = cards(served)["stored"]
    assert (bool(stored["reason"]), stored["code"]) == (True, "manifest_invalid")
    assert str(tmp_path) not in stored["reason"]
    page = served.ask("GET", "/models", headers=CHINESE).text
    assert '<p class="reason">manifest.toml 不符合规定' in page
    assert f'<br><span lang="en">{html.escape(stored["reason"])[:40]}' in page


def test_reasons_are_in_the_language_of_the_page(served: ServedApp, monkeypatch: pytest.MonkeyPatch) -> None:
    """A calibration that is not applied, an engine that is down; and free text, which is quoted as English."""
    english, chinese = (served.ask("GET", "/models", headers=headers).text for headers in (HTML, CHINESE))
    assert 'not applied: <span lang="en">it was made for another artifact (000000000000, not ' in english
    assert "未应用：校准时的模型文件与现在不同（当时 000000000000，现在 " in chinese
    assert "；校准时的解码方式与现在不同（当时 reduced，现在 exact）" in chinese
    for reason, shown in (
        ("it ended.", "停止：进程已结束</span>"),
        ("<b>Gone</b>", '停止：<span lang="en">&lt;b&gt;Gone&lt;/b&gt;</span>'),
    ):
        down = [EngineStatus("stream", "0", up=False, answers=False, reason=reason)]
        monkeypatch.setattr(Fleet, "statuses", lambda _, down=down: down)
        assert shown in served.ask("GET", "/models", headers=CHINESE).text


def test_the_page_says_the_same_as_text(served: ServedApp) -> None:
    page = served.ask("GET", "/models", headers=HTML)
    assert page.headers["content-type"].startswith("text/html")
    assert "script-src 'self'" in page.headers["content-security-policy"]
    assert "A &lt;b&gt;level&lt;/b&gt; &amp; more" in page.text
    assert f"stretched to {SIZE} pixels" in page.text
    assert "Its short side becomes 40 pixels long, and the ratio stays." in page.text
    assert "from 0 to 255; the means 123.7, 116.3, 103.5 are subtracted, and the rest is divided by 58.4." in page.text
    assert "built-in" not in page.text
    assert 'data-action="load" data-model="stored"' in page.text
    assert f"拉伸到 {SIZE} 像素" in served.ask("GET", "/models", headers=HTML | {"accept-language": "zh-CN"}).text


def test_who_may_not_change_models_sees_them_without_buttons(served: ServedApp) -> None:
    """As for /admin, a proxy says that the client may be anybody."""
    through = {"x-forwarded-for": "10.0.0.9"}
    found = served.ask("GET", "/models", headers=through).json()
    assert (found["may_change"], found["may_load"], len(found["models"])) == (False, False, 3)
    assert "data-action" not in served.ask("GET", "/models", headers=HTML | through).text
    assert served.ask("GET", "/models").json()["may_load"] is True


def test_with_a_key_it_asks_for_it_as_info_does(keyed_server: ServerProcess) -> None:
    assert keyed_server.client.get("/models").json()["code"] == "unauthorized"
    page = keyed_server.client.get("/models", headers=HTML)
    assert (page.status_code, 'type="password"' in page.text) == (401, True)
    assert keyed_server.client.post("/explain", content=level_png(40)).status_code == 401
    told = keyed_server.client.get("/models", headers={"x-api-key": "s3cret"}).json()
    assert (told["may_change"], told["may_load"]) == (True, False)


def test_nothing_is_created_by_a_look(served: ServedApp) -> None:
    served.ask("GET", "/models")
    assert not served.service.settings.evaluation_dir.exists()
