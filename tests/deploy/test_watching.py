"""A real Prometheus scrapes the running server under load: what the dashboards and alerts ask has answers, and they are right."""

import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import cv2
import httpx
import numpy as np
import pytest

from models.store import ModelStore
from tests.bench.client import Load, run
from tests.deploy.dashboards import METRIC, Query, filled_in, metrics_of, page_queries, queries
from tests.deploy.npu_exporter import serve_exporter
from tests.deploy.programs import needs_prometheus
from tests.deploy.watching import Watch
from tests.level_model import level_png, store_level_model, store_reversed_level_model
from tests.server.api.test_evaluation_body import zipped
from tests.server.process import ServerProcess

pytestmark = needs_prometheus

RATE = 20.0
THROUGHPUT = next(query for query in queries() if query.panel == "Throughput")
FALLBACK = find_spec("mxclassify") is not None  # make mxbase
# Alerts fire after minutes (test_alerts.py), and without a fallback there is no engine to switch to. All else is provoked.
MAY_BE_EMPTY = {"marks: Alerts"} if FALLBACK else {"Switches", "marks: Alerts"}
OVER_THE_RUN = "last_over_time(({})[10m:1s])"
"""What a mark stood at for a moment."""


@dataclass(frozen=True)
class Pace:
    """How often Prometheus looks, over how long it takes a mean, how long the load lasts, and how far the two means may differ."""

    look_s: int
    window: str
    load_s: float
    tolerance: float


QUICK, AS_IT_IS = Pace(1, "15s", 18.0, 0.1), Pace(5, "1m", 66.0, 0.05)


@dataclass
class Watched:
    """A server that has been through something, and who watched it."""

    server: ServerProcess
    prometheus: Watch
    pace: Pace
    sent_per_s: float
    seen_per_s: float


def classify(server: ServerProcess, image: bytes) -> httpx.Response:
    return server.client.post("/classify", content=image, headers={"Content-Type": "image/png"})


def evaluate(server: ServerProcess, images: dict[str, bytes], labels: str) -> None:
    archive = zipped(images | {"val_label.txt": labels.encode()})
    location = server.client.post("/evaluate", files={"archive": ("set", archive)}).headers["location"]
    deadline_s = time.monotonic() + 30
    while server.client.get(location).json()["state"] != "finished":
        assert time.monotonic() < deadline_s
        time.sleep(0.1)


def kill_engine(server: ServerProcess) -> None:
    """The process of the first engine, as a crash would."""
    os.kill(server.client.get("/info").json()["engines"][0]["process"], signal.SIGKILL)


@contextmanager
def shadowed(folder: Path) -> Iterator[ServerProcess]:
    """A server whose model has a shadow that answers otherwise."""
    store_level_model(folder, "present")
    store_reversed_level_model(folder, "newer")
    (folder / "models.toml").write_text('[present]\nshadow = "newer"\n')
    with ServerProcess(model_store=folder, models="present,newer", models_file=folder / "models.toml", engines="stream") as server:
        yield server


def compare_with_shadow(server: ServerProcess) -> None:
    """Send images until one more has been compared; a shadow has no time while the cores are busy."""
    compared = server.metric("classify_shadow_score_difference_count")
    deadline_s = time.monotonic() + 60
    while server.metric("classify_shadow_score_difference_count") == compared:
        assert time.monotonic() < deadline_s
        assert classify(server, level_png(40)).status_code == 200
        time.sleep(0.1)


@pytest.fixture(scope="module", params=[pytest.param(QUICK, id="quick"), pytest.param(AS_IT_IS, id="as it is", marks=pytest.mark.soak)])
def watched(
    request: pytest.FixtureRequest, model_store: ModelStore, tmp_path_factory: pytest.TempPathFactory, cat: bytes, coffee: bytes
) -> Iterator[Watched]:
    pace: Pace = request.param
    folder = tmp_path_factory.mktemp("watched")
    pixels = cv2.imdecode(np.frombuffer(cat, np.uint8), cv2.IMREAD_COLOR)
    assert pixels is not None
    photo = folder / "cat.jpg"
    cv2.imwrite(str(photo), pixels)
    engines = "stream,mxbase" if FALLBACK else "stream"
    with (
        ServerProcess(model_store=model_store.root, engines=engines, engine_processes="yes", drift_classes=3) as server,
        shadowed(folder / "shadowed") as shadow_server,
        serve_exporter() as exporter,
        Watch(folder, classify=f"{server.url} {shadow_server.url}", exporter=exporter, look_s=pace.look_s) as prometheus,
    ):
        prometheus.wait(lambda: len(prometheus.query("up == 1")) == 4)
        compare_with_shadow(shadow_server)
        evaluate(server, {"cat.png": cat, "coffee.png": coffee}, "cat.png 285\ncoffee.png 967\n")
        assert classify(server, b"no image").status_code == 415
        load = run(Load(server.url, str(photo), connections=4, seconds=pace.load_s, rate=RATE))
        assert set(load["statuses"]) == {"200"}
        seen_per_s = prometheus.value(THROUGHPUT.expr.replace("[1m]", f"[{pace.window}]"))
        kill_engine(server)
        while classify(server, cat).status_code != 200:
            time.sleep(0.1)
        prometheus.wait(lambda: bool(prometheus.query("classify_engine_restarts_total > 0")))
        prometheus.wait(lambda: not FALLBACK or bool(prometheus.query('ALERTS{alertname="EngineSwitched",alertstate="firing"}')))
        compare_with_shadow(shadow_server)
        prometheus.wait(lambda: prometheus.value("sum(rate(classify_shadow_score_difference_count[1m]))") > 0)
        yield Watched(server, prometheus, pace, load["rate"], seen_per_s)


def test_the_dashboard_shows_what_was_sent(watched: Watched, capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        sys.stdout.write(f"\nimages/s: {watched.sent_per_s:.2f} sent, {watched.seen_per_s:.2f} on the dashboard\n")
    assert watched.sent_per_s == pytest.approx(RATE, rel=0.2)
    assert watched.seen_per_s == pytest.approx(watched.sent_per_s, rel=watched.pace.tolerance)


@pytest.mark.parametrize("query", queries() + page_queries(), ids=lambda query: f"{query.dashboard}, {query.panel}")
def test_every_query_of_the_dashboards_and_the_docs_has_an_answer(watched: Watched, query: Query) -> None:
    mark = query.panel.startswith("marks: ")
    found = watched.prometheus.query(OVER_THE_RUN.format(query.expr) if mark else query.expr)
    assert found or query.panel in MAY_BE_EMPTY, query.expr


def test_every_alert_is_loaded_and_evaluated_without_error(watched: Watched) -> None:
    rules = [rule for group in watched.prometheus.get("rules")["groups"] for rule in group["rules"]]
    assert len(rules) == 15
    assert {rule["name"]: rule["lastError"] for rule in rules if rule.get("lastError")} == {}
    assert {rule["health"] for rule in rules} == {"ok"}
    for rule in rules:
        watched.prometheus.query(filled_in(rule["query"]))


def test_every_metric_that_an_alert_reads_is_there(watched: Watched) -> None:
    rules = [rule for group in watched.prometheus.get("rules")["groups"] for rule in group["rules"]]
    names = {name for rule in rules for name in metrics_of(rule["query"])}
    assert {"up", "classify_engine_up", "npu_chip_info_temperature"} <= names
    absent = {name for name in names if not watched.prometheus.query(f'{{__name__="{name}"}}')}
    assert absent <= (set() if FALLBACK else {"classify_engine_switches_total"})


def test_a_key_is_asked_of_prometheus_and_given(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("secret\n")
    with ServerProcess(engines="fake", api_key_file=tmp_path / "key") as server:
        assert server.client.get("/metrics").status_code == 401
        with Watch(tmp_path, classify=server.url, key="secret\n") as prometheus:
            prometheus.wait(lambda: bool(prometheus.query('up{job="classify"} == 1')))


def test_the_pattern_of_metrics_finds_them() -> None:
    assert METRIC.findall('sum(rate(classify_images_total{outcome="ok"}[1m])) / up') == ["classify_images_total", "up"]
