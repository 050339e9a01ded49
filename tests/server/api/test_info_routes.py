"""GET /info."""

from importlib.util import find_spec
from pathlib import Path

import pytest

from models.store import ModelStore
from tests.level_model import level_png, store_level_model
from tests.server.process import ServerProcess


def test_info_tells_what_is_served(live_server: ServerProcess, model_store: ModelStore) -> None:
    manifest = model_store.open("efficientnet_lite0").manifest
    info = live_server.client.get("/info").json()
    assert (info["model"], info["version"], info["engine"], info["runtime"]) == ("efficientnet_lite0", "1", "stream", "cpu")
    assert info["recipe_sha256"] == manifest.recipe.sha256
    artifact = {"file": "efficientnet_lite0.onnx", "soc": "cpu", "sha256": manifest.artifacts[0].sha256, "batch_sizes": [1]}
    assert info["artifacts"] == [{**artifact, "precision": "f32", "declared": False}]
    assert info["precision"] == "f32"
    assert info["decode"] == "exact"
    assert info["limits"]["window"] == 64
    assert info["budgets"]["decode"] == {"held_bytes": 0, "limit_bytes": 512 * 1024 * 1024}
    assert live_server.metric("classify_decode_limit_bytes") == 512 * 1024 * 1024


@pytest.mark.skipif(find_spec("mxclassify") is None, reason="make mxbase builds it")
def test_every_engine_on_every_chip(tmp_path: Path) -> None:
    store_level_model(tmp_path)
    with ServerProcess(model_store=tmp_path, model="level", devices="0,1") as server:
        engines = server.client.get("/info").json()["engines"]
        shown = [(engine["name"], engine["device"], engine["up"], engine["answers"]) for engine in engines]
        assert shown == [
            ("stream", "0", True, True),
            ("stream", "1", True, True),
            ("mxbase", "0", True, False),
            ("mxbase", "1", True, False),
        ]
        assert len({engine["process"] for engine in engines}) == 4
        assert server.metric("classify_engine_up", engine="mxbase", device="1") == 1
        for level in range(20):
            server.client.post("/classify", content=level_png(4 * level), headers={"Content-Type": "image/png"})
        chips = [server.metric("classify_device_images_total", engine="stream", device=device) for device in "01"]
        assert sum(chips) >= 20
        assert server.metric("classify_images_total", engine="stream", outcome="ok") == 20
