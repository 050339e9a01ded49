"""GET /health/live and /health/ready, from start to drain."""

import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from models.store import ModelStore
from tests.level_model import level_png, store_level_model
from tests.server.process import ServerProcess


def test_ready(fake_server: ServerProcess) -> None:
    assert fake_server.client.get("/health/live").json() == {"status": "live", "reason": ""}
    response = fake_server.client.get("/health/ready")
    assert (response.status_code, response.json()) == (200, {"status": "ready", "reason": ""})


def test_drain_answers_what_is_in_flight_and_exits_0(tmp_path: Path) -> None:
    """SIGTERM: readiness goes off at once, requests are still answered, then the process ends with 0."""
    store_level_model(tmp_path)
    slow = [("image", level_png(4 * level, 1200)) for level in range(32)]
    with ServerProcess(model_store=tmp_path, model="level", drain_delay_s=0.5) as server, ThreadPoolExecutor(1) as pool:
        batch = pool.submit(lambda: server.client.post("/classify/batch", files=slow))
        while not server.metric("classify_in_flight"):
            pass
        server.signal(signal.SIGTERM)
        server.log("draining")
        response = server.client.get("/health/ready")
        assert (response.status_code, response.json()["status"]) == (503, "draining")
        assert server.client.get("/health/live").status_code == 200
        answers = [result["predictions"][0]["class_id"] for result in batch.result().json()["results"]]
        assert answers == list(range(32))
        assert server.wait() == 0


def test_live_before_ready(model_store: ModelStore) -> None:
    """The port answers while the model loads; a request that comes too early is told so."""
    with ServerProcess(ready=False, model_store=model_store.root) as server:
        early = server.client.get("/health/ready")
        assert server.client.get("/health/live").status_code == 200
        assert (early.status_code, early.json()["status"]) in ((503, "starting"), (200, "ready"))
        server.log("ready:")
        assert server.client.get("/health/ready").status_code == 200
