"""The phases of a service."""

import asyncio
from pathlib import Path
from threading import Event

import pytest

from models.store import StoredModel, zoo_manifest
from server.cli.flags import load_settings
from server.engines.fake_engine import FakeEngine
from server.engines.fleet.fleet import Fleet
from server.errors import EngineUnavailable
from server.serving.served_model import ServedModel
from server.serving.service import Phase, Service
from server.telemetry.metrics import Metrics
from tests.server.engines.fleet.test_waiting_line import work


class EngineThatCannotStart(FakeEngine):
    """Refuses to start."""

    def start(self) -> None:
        raise EngineUnavailable("No device.")


def service_of(engine: FakeEngine, drain_s: float = 30) -> Service:
    model = StoredModel(zoo_manifest("efficientnet_lite0"), Path())
    return Service(load_settings(drain_s=drain_s), [ServedModel(model, Fleet.of(engine))], Metrics())


def test_from_start_to_drain() -> None:
    service = service_of(FakeEngine())
    assert service.readiness() == (False, "starting", "")
    service.begin()
    while service.phase is Phase.STARTING:
        pass
    assert service.readiness() == (True, "ready", "")
    service.drain()
    assert service.readiness() == (False, "draining", "")
    asyncio.run(service.close())
    assert not service.models.default.engine.health().ok


def test_what_is_decoded_is_measured() -> None:
    service, picture = service_of(FakeEngine()), work(decoded_bytes=77)
    assert service.decode_room.take_aside(picture)
    held = service.metrics.registry.get_sample_value("classify_decode_bytes")
    service.decode_room.aside.remove(picture)
    assert (held, service.metrics.registry.get_sample_value("classify_decode_bytes")) == (77, 0)


def test_an_engine_that_cannot_start_is_told_and_reported() -> None:
    service, told = service_of(EngineThatCannotStart()), []
    service.on_failure = lambda: told.append(service.phase)
    service.begin()
    asyncio.run(service.close())
    assert told == [Phase.FAILED]
    assert service.readiness() == (False, "failed", "No device.")
    service.drain()
    assert service.phase is Phase.FAILED


def test_a_fault_at_the_start_is_told_too() -> None:
    class Broken(FakeEngine):
        def start(self) -> None:
            raise AttributeError("RUNTIME")

    service = service_of(Broken())
    service.begin()
    asyncio.run(service.close())
    assert service.readiness() == (False, "failed", "A fault of the engine fake at its start: AttributeError('RUNTIME').")


def test_an_engine_that_starts_for_ever_does_not_keep_the_server(caplog: pytest.LogCaptureFixture) -> None:
    go_on = Event()

    class Slow(FakeEngine):
        def start(self) -> None:
            go_on.wait()
            super().start()

    service = service_of(Slow(), drain_s=0.1)
    service.begin()
    service.drain()
    asyncio.run(service.close())
    assert caplog.messages == ["The engines still start 0.1 s after the server's end began. They end with the process."]
    go_on.set()
    service.loaded.wait()
    asyncio.run(service.close())
    assert not service.models.default.engine.health().ok


def test_no_engine_starts_once_the_server_ends() -> None:
    service = service_of(EngineThatCannotStart())
    service.drain()
    service.begin()
    asyncio.run(service.close())
    assert service.phase is Phase.DRAINING


def test_an_engine_that_falls_ill_is_not_ready() -> None:
    service = service_of(FakeEngine())
    service.begin()
    while service.phase is Phase.STARTING:
        pass
    service.models.default.engine.close(0)
    assert service.readiness() == (False, "unhealthy", "not running")
