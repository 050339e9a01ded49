"""Several models under their names."""

from pathlib import Path

import pytest

from models.store import StoredModel, zoo_manifest
from server.engines.fake_engine import FakeEngine
from server.engines.fleet.fleet import Fleet
from server.errors import NotFound
from server.serving.companions import NO_COMPANIONS, Companions
from server.serving.registry import RegisteredModel, Registry
from server.serving.served_model import ServedModel
from server.telemetry.metrics import Metrics


def served(name: str, version: str = "1", companions: Companions = NO_COMPANIONS) -> ServedModel:
    manifest = zoo_manifest("efficientnet_lite0").model_copy(update={"name": name, "version": version})
    return ServedModel(StoredModel(manifest, Path()), Fleet.of(FakeEngine()), companions=companions)


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
    metrics = Metrics()
    model = RegisteredModel(served("m"), metrics, 1.0)
    model.engine.start()
    second = served("m", "2")
    second.engine.start()
    former = model.exchange(second)
    assert (former.model.manifest.version, model.model.manifest.version, former.engine.health().ok) == ("1", "2", True)
    model.retire(former, 0)
    assert not former.engine.health().ok
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
