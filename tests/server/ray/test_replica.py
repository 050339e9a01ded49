"""A replica by itself, without Ray: its settings, its life, a reload that is refused, its traces."""

import asyncio
from pathlib import Path
from unittest.mock import Mock

import httpx
import pytest
from uvicorn import Config
from uvicorn.lifespan.on import LifespanOn

from server.errors import EngineUnavailable
from server.ray.replica import Replica, replica_settings
from tests.level_model import level_png, store_level_model
from tests.server.cli.command import log_kept
from tests.server.serving.test_reload import publish
from tests.server.telemetry.collector import collector
from tests.server.telemetry.test_tracing import SAMPLED, TRACE


@pytest.fixture
def store(tmp_path: Path) -> Path:
    store_level_model(tmp_path)
    return tmp_path


def test_the_chips_of_ray_are_the_devices_of_the_replica() -> None:
    given = {"runtime": "cpu", "window": 16, "evaluation_dir": "somewhere"}
    on_chips, on_cores = replica_settings(given, ("2", "3"), 1.0), replica_settings(given, (), 2.5)
    assert (on_chips.devices, on_chips.streams_per_device, on_chips.window) == ("2,3", 2, 16)
    assert (on_cores.devices, on_cores.streams_per_device, on_cores.latency_mode) == ("auto", 3, "off")
    assert not on_cores.evaluation_dir.exists()
    assert replica_settings(given | {"streams_per_device": 5}, (), 2).streams_per_device == 5


async def _life(store: Path) -> None:
    replica = Replica(replica_settings({"model": "level", "model_store": str(store), "runtime": "cpu", "engines": "stream"}, (), 1))
    await replica.ready()
    replica.check()
    transport = httpx.ASGITransport(replica.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://replica") as client:
        await replica.want({"level": "first"})
        publish(store, "two")
        await replica.want({"level": "first"})  # Serve asks again when it numbers the replicas anew
        assert replica.told()["models"]["level"]["version"] == "1"
        await replica.want({"level": "second"})
        answer = await client.post("/classify", content=level_png(4), headers={"x-request-id": "of-serve"})
        assert (answer.json()["version"], answer.json()["predictions"][0]["label"]) == ("two", "two: 1")
        assert "x-request-id" not in answer.headers  # Serve adds it
        assert (await client.get("/health/ready")).headers["x-request-id"]

        manifest = store / "level/manifest.toml"
        manifest.write_text("damaged")
        await replica.want({"level": "third"})
        told = replica.told()["models"]["level"]
        assert (told["version"], told["engines"]) == ("two", ["stream:0"])
        assert "refused" in told["refused"]
        assert (await client.post("/admin/models/reload")).status_code == 403
        assert (await client.get("/evaluate")).status_code == 403
    await replica._service.close()
    with pytest.raises(EngineUnavailable):
        replica.check()


def test_from_the_start_over_a_reload_to_the_end(store: Path) -> None:
    with log_kept():
        asyncio.run(_life(store))


def test_a_replica_whose_engine_cannot_start_says_so(store: Path) -> None:
    (store / "level/level.onnx").write_bytes(b"damaged")

    async def start() -> None:
        await Replica(replica_settings({"model": "level", "model_store": str(store), "runtime": "cpu", "engines": "stream"}, (), 1)).ready()

    with log_kept(), pytest.raises(Exception, match=r"level\.onnx"):
        asyncio.run(start())


async def _traced_life(url: str) -> None:
    replica = Replica(replica_settings({"engines": "fake", "otel_exporter_otlp_endpoint": url}, (), 1))
    lifespan = LifespanOn(Config(replica.app, log_config=None))
    await lifespan.startup()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(replica.app), base_url="http://replica") as client:
        await client.get("/info", headers={"traceparent": SAMPLED})
    metadata = (("traceparent", SAMPLED.replace("4bf9", "5bf9")),)
    context = Mock(**{"invocation_metadata.return_value": metadata, "peer.return_value": "ipv4:127.0.0.1:4711"})
    await replica.grpc.answer("ServerLive", b"", context)
    await lifespan.shutdown()


def test_requests_and_calls_are_traced_and_the_end_sends_what_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("opentelemetry.exporter.otlp.proto.http", reason="the extra otel is not beside Ray: make test runs it")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20abc")  # as the node has it; `ray up` refuses it
    with collector() as found, log_kept():
        asyncio.run(_traced_life(found.url))
    assert {span.trace_id.hex(): span.name for span in found.spans} == {
        TRACE: "GET /info",
        TRACE.replace("4bf9", "5bf9"): "inference.GRPCInferenceService/ServerLive",
    }
    assert found.headers["authorization"] == "Bearer abc"
