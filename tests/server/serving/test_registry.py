"""Several models under their names."""

import asyncio
import threading
from pathlib import Path
from time import monotonic

import pytest

from models.store import StoredModel, zoo_manifest
from server.engines.fake_engine import FakeEngine
from server.engines.fleet.fleet import Fleet
from server.engines.work import Work
from server.errors import NotFound, ServiceError
from server.serving.companions import NO_COMPANIONS, Companions
from server.serving.registry import RegisteredModel, Registry
from server.serving.served_model import ServedModel
from server.telemetry.metrics import Metrics
from server.types import EncodedImage, ImageFormat, Prediction

IMAGE = EncodedImage(b"x", ImageFormat.PNG, 1, 1)


class HeldEngine(FakeEngine):
    """Answers nothing before `go`."""

    def __init__(self) -> None:
        super().__init__()
        self.go = threading.Event()

    def answer(self, work: Work) -> Prediction | ServiceError | None:
        self.go.wait()
        return super().answer(work)


def served(name: str, version: str = "1", companions: Companions = NO_COMPANIONS, engine: FakeEngine | None = None) -> ServedModel:
    manifest = zoo_manifest("efficientnet_lite0").model_copy(update={"name": name, "version": version})
    return ServedModel(StoredModel(manifest, Path()), Fleet.of(engine or FakeEngine(), 1), companions=companions)


def test_models_are_found_by_name_and_the_first_is_the_default() -> None:
    metrics = Metrics()
    registry = Registry(RegisteredModel(served(name), metrics, 1.0) for name in ("one", "other"))
    assert registry.get().name == registry.default.name == "one"
    assert registry.get("other").model.manifest.name == "other"
    assert [model.name for model in registry] == ["one", "other"]
    assert (registry.find("other"), registry.find("zzz")) == (registry.get("other"), None)
    with pytest.raises(NotFound, match=r"There is no model 'zzz' here\. Served: one, other\."):
        registry.get("zzz")
    with pytest.raises(NotFound, match=r"Did you mean 'other'\? Served: one, other\."):
        registry.get("othr")


def test_an_exchange_keeps_the_former_version_until_it_has_drained() -> None:
    """What the former one still answers takes no place in the window of its successor."""
    metrics, held = Metrics(), HeldEngine()
    former, second = served("m", engine=held), served("m", "2")
    model = RegisteredModel(former, metrics, 30)
    for each in (former, second):
        each.engine.start()

    async def exchanged() -> None:
        last = asyncio.create_task(model.admission.classify(IMAGE, "last", monotonic() + 30, "a"))
        await asyncio.sleep(0)
        assert model.admission.is_full
        model.exchange(second, 5)
        assert (model.model.manifest.version, model.admission.is_full) == ("2", False)
        model.admission.check_room("b")
        assert (await model.admission.classify(IMAGE, "first", monotonic() + 30, "b")).engine == "fake"
        assert (former.engine.health().ok, last.done(), model.admission.under_way) == (False, False, 1)
        drained = asyncio.create_task(model.drained())
        await asyncio.sleep(0)
        held.go.set()
        assert (await last).engine == "fake"
        await drained

    try:
        asyncio.run(exchanged())
    finally:
        held.go.set()
    model.close(0)
    assert not second.engine.health().ok
    assert 'classify_model_info{model="m"' in metrics.render().decode()


def test_a_canary_answers_while_it_is_up() -> None:
    metrics = Metrics()
    both = served("one", companions=Companions(canary="other", canary_share=1, shadow="third")), served("other")
    registry = Registry(RegisteredModel(each, metrics, 1.0) for each in both)
    assert registry.answering("one", "id").name == "one"  # the canary has not started
    registry.get("other").start()
    assert [registry.answering(name, "id").name for name in (None, "one", "other")] == ["other"] * 3
    assert (registry.get("one").name, registry.beside()) == ("one", {"other", "third"})
    registry.remove("other").close(0)
    assert registry.answering("one", "id").name == "one"
    with pytest.raises(NotFound):
        registry.answering("zzz", "id")
