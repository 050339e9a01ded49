"""Models loaded and unloaded while the server runs: nobody who has found one is lost, and memory stays."""

import asyncio
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from models.store import StoredModel, zoo_manifest
from server.engines.fake_engine import FakeEngine
from server.engines.fleet.fleet import Fleet
from server.errors import ReloadRefused
from server.serving.registry import RegisteredModel
from server.serving.served_model import ServedModel
from server.telemetry.metrics import Metrics
from tests.level_model import level_png, store_level_model
from tests.part_or_all import some_or_many
from tests.server.oip.served_app import served_app
from tests.server.process import NO_TLS, ServerProcess

GROWTH_MB = 30  # of several hundred


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    root = tmp_path_factory.mktemp("store")
    for name in ("level_a", "level_b", "level_c"):
        store_level_model(root, name)
    with ServerProcess(
        model_store=root, models="level_a", model_control="explicit", engines="stream", streams_per_device=1, model_memory_bytes=25_000_000
    ) as server:
        yield server


def post(server: ServerProcess, path: str) -> tuple[int, str]:
    reply = server.client.post(f"/admin/models/{path}")
    return reply.status_code, reply.json().get("error", reply.json()["model"] if reply.status_code == 200 else "")


def test_what_is_refused(server: ServerProcess) -> None:
    assert post(server, "level_x/load") == (404, "There is no model 'level_x' in the store. Did you mean 'level_c'?")
    assert post(server, "level_b/unload")[0] == 404
    status, error = post(server, "level_a/unload")
    assert (status, error.partition(",")[0]) == (409, "level_a is the default model")
    assert post(server, "level_b/load") == (200, "level_b")
    status, error = post(server, "level_c/load")
    assert (status, "Unload a model, or raise MODEL_MEMORY_BYTES." in error) == (409, True)
    assert post(server, "level_b/load") == (200, "level_b")  # it is reloaded
    assert post(server, "level_b/unload") == (200, "level_b")
    assert server.client.post("/classify?model=level_b", content=level_png(40)).status_code == 404
    assert server.metric("classify_engine_up", model="level_b") == server.metric("classify_model_info", model="level_b") == 0
    assert len(server.client.get("/info").json()["models"]) == 1


def test_not_without_model_control() -> None:
    with ServerProcess(engines="fake") as server:
        for path in ("level_b/load", "efficientnet_lite0/unload"):
            assert post(server, path)[1].endswith("Start the server with MODEL_CONTROL=explicit.")


def test_an_unload_waits_for_requests_whose_body_still_comes() -> None:
    async def body() -> None:
        manifest = zoo_manifest("efficientnet_lite0")
        model = RegisteredModel(ServedModel(StoredModel(manifest, Path()), Fleet.of(FakeEngine())), Metrics(), 1.0)
        model.start()
        with model.in_use():
            leaving = asyncio.create_task(model.leave(10))
            await asyncio.sleep(0.05)
            assert not leaving.done()
            assert model.engine.health().ok
        await leaving
        assert not model.engine.health().ok

    asyncio.run(body())


def test_a_reload_stays_within_the_memory(tmp_path: Path) -> None:
    store_level_model(tmp_path, "level_a")
    with served_app(tmp_path, models="level_a", model_store=tmp_path, engines="stream", streams_per_device=1, model_memory_bytes=1) as app:
        model = app.service.models.default
        app.run(app.reloader.reload())  # which needs no more than the version before
        model.admission.served = replace(model.served, memory_bytes=model.served.memory_bytes // 2)
        with pytest.raises(ReloadRefused, match="raise MODEL_MEMORY_BYTES"):
            app.run(app.reloader.reload())


class Traffic:
    """Clients of the model that stays and of the one that comes and goes, until the end."""

    def __init__(self, server: ServerProcess) -> None:
        self.outcomes: Counter[tuple[str, object]] = Counter()
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._post, args=(server, f"level_{name}")) for name in "aabb"]

    def _post(self, server: ServerProcess, model: str) -> None:
        with httpx.Client(base_url=server.url, timeout=30, verify=NO_TLS) as client:
            while not self._over.is_set():
                reply = client.post("/classify", params={"model": model}, content=level_png(40))
                good = reply.status_code == 200 and (reply.json()["model"], reply.json()["predictions"][0]["class_id"]) == (model, 10)
                self.outcomes[model, "ok" if good else reply.status_code] += 1
                time.sleep(0.002)

    def __enter__(self) -> "Traffic":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()


@some_or_many("rounds", 8, 50)
def test_no_request_is_lost_and_memory_stays(server: ServerProcess, rounds: int) -> None:
    memory_mb = []
    with Traffic(server) as traffic:
        for _ in range(rounds):
            assert post(server, "level_b/load")[0] == 200
            seen = traffic.outcomes["level_b", "ok"]
            while traffic.outcomes["level_b", "ok"] < seen + 4:
                time.sleep(0.005)
            assert post(server, "level_b/unload")[0] == 200
            memory_mb.append(server.memory_mb())
    sys.stdout.write(f"{rounds} rounds: {dict(traffic.outcomes)}; MB: {memory_mb[0]:.0f}, {memory_mb[3]:.0f} … {memory_mb[-1]:.0f}\n")
    assert set(traffic.outcomes) == {("level_a", "ok"), ("level_b", "ok"), ("level_b", 404)}
    assert memory_mb[-1] - memory_mb[3] < GROWTH_MB, memory_mb
