"""GET /info."""

from models.store import ModelStore
from tests.server.process import ServerProcess


def test_info_tells_what_is_served(live_server: ServerProcess, model_store: ModelStore) -> None:
    manifest = model_store.open("efficientnet_lite0").manifest
    info = live_server.client.get("/info").json()
    assert (info["model"], info["version"], info["engine"], info["runtime"]) == ("efficientnet_lite0", "1", "stream", "host")
    assert info["recipe_sha256"] == manifest.recipe.sha256
    assert info["artifacts"] == [
        {"file": "efficientnet_lite0.onnx", "soc": "host", "sha256": manifest.artifacts[0].sha256, "batch_sizes": [1]}
    ]
    assert info["limits"]["window"] == 64
