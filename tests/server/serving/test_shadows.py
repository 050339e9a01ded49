"""A shadow is asked, compared and never returned; a canary answers its share, on every route."""

import asyncio
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from models.store import ModelStore, sha256_of
from server.errors import ReloadRefused
from server.serving.companions import Companions
from server.serving.registry import RegisteredModel
from server.serving.shadows import MOST_WAITING
from tests.level_model import level_png, store_level_model, store_reversed_level_model
from tests.made_model import change_model
from tests.server.oip.served_app import ServedApp, served_app

SECTIONS = """
[same]
shadow = "twin"
[other]
shadow = "reversed"
canary = "twin"
canary_share = 0.25
"""
SHARE = Companions(canary="twin", canary_share=0.25)

TENSOR = {"inputs": [{"name": "image", "shape": [1], "datatype": "BYTES", "data": [b64encode(level_png(40)).decode()]}]}


@pytest.fixture
def served(tmp_path: Path) -> Iterator[ServedApp]:
    for name in ("same", "other", "twin"):
        store_level_model(tmp_path, name)
    store_reversed_level_model(tmp_path, "reversed")
    (tmp_path / "models.toml").write_text(SECTIONS)
    with served_app(
        tmp_path,
        models="same,other,twin,reversed",
        models_file=tmp_path / "models.toml",
        model_store=tmp_path,
        model_control="explicit",
        streams_per_device=1,
        latency_mode="off",
        engines="stream",
    ) as app:
        yield app


def classify(served: ServedApp, model: str, level: int = 40, **request: Any) -> dict[str, Any]:
    reply = served.ask("POST", f"/classify?model={model}", content=level_png(level), **request)
    assert reply.status_code == 200, reply.text
    found: dict[str, Any] = reply.json()
    return found


def told(served: ServedApp, model: str) -> dict[str, Any]:
    """What /info tells of the model, once no image waits for its comparison."""

    async def wait() -> None:
        if tasks := asyncio.all_tasks() - {asyncio.current_task()}:
            await asyncio.wait(tasks, timeout=20)

    served.run(wait())
    return next(each for each in served.ask("GET", "/info").json()["models"] if each["model"] == model)


def model(served: ServedApp, name: str) -> RegisteredModel:
    return served.service.models.get(name)


def stable_ids(count: int) -> list[str]:
    return [each for each in (f"r{number}" for number in range(1000)) if not SHARE.canary_takes(each)][:count]


def test_a_shadow_that_agrees(served: ServedApp) -> None:
    for level in (40, 80, 120):
        assert classify(served, "same", level)["model"] == "same"
        told(served, "same")
    info = told(served, "same")
    assert info["shadow"] | {"mean_difference": 0} == {
        "model": "twin",
        "same": 3,
        "other": 0,
        "failed": 0,
        "dropped": 0,
        "agreement": 1.0,
        "mean_difference": 0,
    }
    assert info["shadow"]["mean_difference"] == pytest.approx(0, abs=1e-6)
    assert (info["answers"], told(served, "twin")["answers"], info["mean_ms"] > 0) == (3, 3, True)
    assert told(served, "twin")["shadow"] is None


def test_a_shadow_that_answers_otherwise_is_never_returned(served: ServedApp) -> None:
    for request_id in stable_ids(3):
        answer = classify(served, "other", headers={"x-request-id": request_id})
        assert (answer["model"], answer["predictions"][0]["class_id"]) == ("other", 10)
        told(served, "other")
    shadow = told(served, "other")["shadow"]
    assert (shadow["other"], shadow["agreement"], shadow["mean_difference"] > 0.9) == (3, 0.0, True)
    text = served.service.metrics.render().decode()
    assert 'classify_shadow_images_total{model="other",outcome="other",shadow="reversed"} 3.0' in text
    assert 'classify_shadow_score_difference_count{model="other",shadow="reversed"} 3.0' in text


def test_the_images_of_batches_and_of_tensors_go_to_the_shadow_too(served: ServedApp) -> None:
    assert served.ask("POST", "/classify/batch?model=same", files=[("image", level_png(40)), ("image", level_png(80))]).status_code == 200
    reply = served.ask("POST", "/v2/models/same/infer", json=TENSOR)
    assert reply.json().get("model_name", reply.text) == "same"
    assert told(served, "same")["shadow"]["same"] == 3


def test_without_room_images_wait_and_the_rest_is_dropped(served: ServedApp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.engines.fleet.model_shares.ModelShare.has_spare_room", lambda _: False)
    for _ in range(MOST_WAITING + 3):
        classify(served, "same")
    served.run(asyncio.sleep(0.1))
    assert served.ask("GET", "/info").json()["models"][0]["shadow"] | {"agreement": None} == {
        "model": "twin",
        "same": 0,
        "other": 0,
        "failed": 0,
        "dropped": 3,
        "agreement": None,
        "mean_difference": None,
    }
    assert model(served, "twin").admission.answers == 0
    monkeypatch.undo()
    assert told(served, "same")["shadow"]["same"] == MOST_WAITING


def test_a_shadow_that_fails_costs_nothing(served: ServedApp) -> None:
    model(served, "twin").engine.close(0)
    for _ in range(3):
        assert classify(served, "same")["model"] == "same"
    shadow = told(served, "same")["shadow"]
    assert (shadow["failed"], shadow["same"], shadow["agreement"]) == (3, 0, None)
    assert served.service.readiness()[0]
    model(served, "same").engine.close(0)
    assert not served.service.readiness()[0]


def test_a_shadow_that_is_unloaded_while_images_wait(served: ServedApp) -> None:
    classify(served, "same")
    served.run(served.reloader.unload("twin"))
    assert told(served, "same")["shadow"] is None
    assert classify(served, "same")["model"] == "same"
    served.run(served.reloader.load("twin"))
    classify(served, "same")
    assert told(served, "same")["shadow"]["same"] == 1


def test_another_version_begins_to_count_anew(served: ServedApp) -> None:
    classify(served, "same")
    assert told(served, "same")["shadow"]["same"] == 1
    (served.service.settings.models_file or Path()).write_text(SECTIONS.replace("twin", "reversed", 1))
    served.run(served.reloader.reload("same"))
    shadow = told(served, "same")["shadow"]
    assert (shadow["model"], shadow["same"], told(served, "same")["answers"]) == ("reversed", 0, 0)


def test_a_shadow_with_other_labels_is_not_loaded(served: ServedApp) -> None:
    folder = (served.service.settings.model_store) / "twin"
    (folder / "level.names").write_text("".join(f"another {number}\n" for number in range(64)))
    change_model(ModelStore(folder.parent).open("twin"), version="2", labels_sha256=sha256_of(folder / "level.names"))
    with pytest.raises(ReloadRefused, match=r"The shadow twin of same has another list of labels.*Leave shadow out of \[same\]"):
        served.run(served.reloader.reload("twin"))
    assert model(served, "twin").model.manifest.version == "1"


def test_a_canary_answers_its_share_and_is_named(served: ServedApp) -> None:
    ids = [f"r{number}" for number in range(24)]
    answering = ["twin" if SHARE.canary_takes(each) else "other" for each in ids]
    assert 0 < answering.count("twin") < len(ids)
    assert [classify(served, "other", headers={"x-request-id": each})["model"] for each in ids] == answering
    taken = ids[answering.index("twin")]
    headers = {"x-request-id": taken}
    batch = served.ask("POST", "/classify/batch?model=other", files=[("image", level_png(40)), ("image", level_png(80))], headers=headers)
    assert (batch.json()["model"], {each["model"] for each in batch.json()["results"]}) == ("twin", {"twin"})
    for path, name in (("other", "twin"), ("other/versions/1", "other")):  # whoever names a version gets it
        assert served.ask("POST", f"/v2/models/{path}/infer", json=TENSOR, headers=headers).json()["model_name"] == name
    assert told(served, "other")["canary"] == {"model": "twin", "share": 0.25}
    model(served, "twin").engine.close(0)
    assert classify(served, "other", headers=headers)["model"] == "other"
