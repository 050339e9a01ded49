"""The samples of the last ten minutes. Counts are what the instruments counted; times come from the clock and are only ordered."""

import logging
import time
from pathlib import Path
from random import Random

import pytest
from pydantic import TypeAdapter

from models.store import StoredModel, zoo_manifest
from server.cli.flags import load_settings
from server.engines.fake_engine import FakeEngine
from server.engines.fleet.fleet import Fleet
from server.serving.history import BOUNDS, KEPT, History, Sample, memory_bytes
from server.serving.served_model import ServedModel
from server.serving.service import Service
from server.telemetry.metrics import Metrics

logger = logging.getLogger(__name__)


@pytest.fixture
def service() -> Service:
    served = ServedModel(StoredModel(zoo_manifest("efficientnet_lite0"), Path()), Fleet.of(FakeEngine()))
    return Service(load_settings(engines="fake", window=32), [served], Metrics())


def test_a_sample_has_what_happened_since_the_last_one(service: Service) -> None:
    history, metrics, model = History(service), service.metrics, service.models.default.metrics
    model.image("fake", "ok")
    history.take()
    for outcome in ("ok", "ok", "abandoned"):
        model.image("fake", outcome)
    model.rejected("saturated")
    metrics.observe_request("/classify", "POST", 200, 0.002)
    metrics.observe_request("/classify", "POST", 429, 100)
    metrics.observe_request("/v2/models/{model}/infer", "POST", 200, 0.0001)
    metrics.observe_request("/evaluate", "GET", 500, 0.3)  # counted, but no image waited for it
    model.stage("infer", 0.0003)
    model.batch(4, 0)
    sample = history.take()
    assert sample.images == {"ok": 2, "abandoned": 1, "saturated": 1}
    assert sample.requests == {"2xx": 2, "4xx": 1, "5xx": 1}
    assert sample.took == {0: 1, 1: 1, len(BOUNDS["took"]): 1}
    assert sample.stages == {"infer": {2: 1}}
    assert sample.batches == {2: 1}
    assert (sample.window, sample.in_flight, sample.waiting) == (32, 0, 0)
    quiet = history.take()
    assert (quiet.images, quiet.requests, quiet.took, quiet.stages, quiet.batches) == ({}, {}, {}, {}, {})


def test_models_are_counted_together(service: Service) -> None:
    history = History(service)
    for model in ("a", "b"):
        service.metrics.images.labels(model, "stream", "ok").inc(2)
        for size in (1, 8):
            service.metrics.batch_size.labels(model).observe(size)
    sample = history.take()
    assert sample.images == {"ok": 4}
    assert sample.batches == {0: 2, 3: 2}


@pytest.mark.parametrize("endpoint", ["/status", "/metrics", "/health/ready", "/web"])
def test_who_only_looks_is_not_counted(service: Service, endpoint: str) -> None:
    history = History(service)
    service.metrics.observe_request(endpoint, "GET", 200, 0.001)
    assert history.take().requests == {}


def test_each_asks_for_what_it_does_not_have(service: Service) -> None:
    history = History(service)
    samples = [history.take() for _ in range(KEPT + 5)]
    assert history.since(0) == samples[-KEPT:]
    assert history.since(samples[-3].at_s) == samples[-2:]
    assert history.since(samples[-1].at_s) == []
    assert history.since(time.time() + 1000) == samples[-KEPT:]  # of a server whose clock was ahead
    assert [each.at_s for each in samples] == sorted({each.at_s for each in samples})


def test_the_memory_of_a_process() -> None:
    assert memory_bytes("self") > 10_000_000
    assert memory_bytes(2**22 + 1) == 0


def test_a_sample_costs_little(service: Service) -> None:
    """With as many series as a server of many models and routes has. The time is printed, and judged only where it is absurd."""
    for model in range(8):
        for stage in ("queue", "decode", "resize", "infer", "postprocess", "serialize"):
            service.metrics.stage_duration_s.labels(f"m{model}", stage).observe(0.001)
    for route in range(60):
        for code in (200, 400, 404):
            service.metrics.observe_request(f"/route{route}", "GET", code, 0.001)
    history, began_s = History(service), time.thread_time()
    for _ in range(20):
        history.take()
    cost_ms = (time.thread_time() - began_s) / 20 * 1000
    logger.warning("a sample costs %.2f ms of a core, every 4 s", cost_ms)
    assert cost_ms < 400  # a tenth of a core


def test_a_page_that_is_opened_stays_light(service: Service) -> None:
    """All samples of a busy server: seven stages, each with times in five buckets."""
    history, metrics, random = History(service), service.metrics, Random(1)  # noqa: S311 - the same each time
    for _ in range(KEPT):
        for place in range(300):
            metrics.images.labels("m", "stream", ("ok", "ok", "saturated", "deadline_exceeded")[place % 4]).inc()
            metrics.observe_request("/classify", "POST", (200, 429, 504)[place % 3], 0.02 * random.random())
            for stage in ("queue", "decode", "resize", "crop", "infer", "postprocess", "serialize"):
                metrics.stage_duration_s.labels("m", stage).observe(10 ** random.uniform(-3, -1.5))
        history.take()
    told = TypeAdapter(list[Sample]).dump_json(history.since(0), exclude_defaults=True)
    assert len(told) < 90_000
