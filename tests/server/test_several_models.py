"""Two models in one server, over real HTTP: each by its name, and a flooded one beside a quiet one."""

import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.level_model import level_png, store_level_model, store_reversed_level_model
from tests.made_model import change_model
from tests.server.process import NO_TLS, ServerProcess

WINDOW = 16
FLOOD, QUIET = 40, 4  # connections
REQUESTS = 40  # of each quiet connection
LARGE_PX = 700


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    root = tmp_path_factory.mktemp("store")
    store_level_model(root, "level_a")
    change_model(store_level_model(root, "level_b"), version="7")
    (root / "models.toml").write_text('[level_b]\nengines = "stream"\nstreams_per_device = 1\n')
    images = root / "images"
    images.mkdir()
    (images / "one.png").write_bytes(level_png(40))
    (images / "val_label.txt").write_text("one.png 10\n")
    with ServerProcess(
        model_store=root, models="level_a,level_b", models_file=root / "models.toml", window=WINDOW, evaluation_roots=f"val={images}"
    ) as server:
        server.log("ready: level_b")
        yield server


def test_each_model_answers_to_its_name(server: ServerProcess) -> None:
    for query, model, version in (("", "level_a", "1"), ("?model=level_a", "level_a", "1"), ("?top_k=2&model=level_b", "level_b", "7")):
        answer = server.client.post(f"/classify{query}", content=level_png(40)).json()
        assert (answer["model"], answer["version"], answer["predictions"][0]["class_id"]) == (model, version, 10)
        batch = server.client.post(f"/classify/batch{query}", files=[("image", level_png(40)), ("image", level_png(80))]).json()
        assert (batch["model"], [each["model"] for each in batch["results"]]) == (model, [model] * 2)


def test_an_unknown_model_is_told_by_the_names_there_are(server: ServerProcess) -> None:
    for path in ("/classify", "/classify/batch"):
        refused = server.client.post(f"{path}?model=levelb", content=level_png(40))
        assert (refused.status_code, refused.json()["code"]) == (404, "not_found")
        assert "There is no model 'levelb' here. Did you mean 'level_b'? Served: level_a, level_b." in refused.json()["error"]
    refused = server.client.post("/classify", files={"image": level_png(40)}, data={"model": "level_b"})
    assert (refused.status_code, refused.json()["error"]) == (
        400,
        "The form field 'model' is not taken. Name the model in the query of the URL: ?model=NAME.",
    )


def test_both_are_told_of(server: ServerProcess) -> None:
    info = server.client.get("/info").json()
    assert [(each["model"], each["version"]) for each in info["models"]] == [("level_a", "1"), ("level_b", "7")]
    both, streams = ({engine["name"] for engine in each["engines"]} for each in info["models"])
    assert streams == {"stream"}
    assert both - {"mxbase"} == streams  # and the compiled engine where it is built
    assert info["model"] == "level_a"
    assert server.client.get("/health/ready").status_code == 200
    for model in ("level_a", "level_b"):
        assert server.metric("classify_images_total", model=model, outcome="ok") >= 1
        assert server.metric("classify_window_capacity", model=model) == WINDOW


def ended(server: ServerProcess, job: str) -> dict[str, Any]:
    while (now := server.client.get(f"/evaluate/{job}").json())["state"] not in ("finished", "failed"):
        time.sleep(0.05)
    return dict(now)


def test_an_evaluation_is_of_the_model_that_it_names(server: ServerProcess) -> None:
    assert server.client.post("/evaluate", json={"dataset": "val", "model": "level_c"}).status_code == 404
    job = server.client.post("/evaluate", json={"dataset": "val", "model": "level_b"}).json()
    now = ended(server, job["id"])
    assert (now["state"], now["top1"], now["model"]) == ("finished", 1.0, "level_b")
    assert [server.metric("classify_evaluation_images_total", model=model, outcome="ok") for model in ("level_a", "level_b")] == [0, 1]


def test_an_evaluation_goes_to_no_canary(tmp_path: Path) -> None:
    """The canary, which takes every request, would get each image wrong."""
    store_level_model(tmp_path, "stable")
    store_reversed_level_model(tmp_path, "newer")
    (tmp_path / "models.toml").write_text('[stable]\ncanary = "newer"\ncanary_share = 1\n')
    (tmp_path / "val").mkdir()
    (tmp_path / "val" / "one.png").write_bytes(level_png(40))
    (tmp_path / "val" / "val_label.txt").write_text("one.png 10\n")
    with ServerProcess(
        model_store=tmp_path,
        models="stable,newer",
        models_file=tmp_path / "models.toml",
        evaluation_roots=f"val={tmp_path / 'val'}",
        engines="stream",
        streams_per_device=1,
    ) as server:
        server.log("ready: newer")
        answer = server.client.post("/classify", content=level_png(40)).json()
        assert (answer["model"], answer["predictions"][0]["class_id"]) == ("newer", 53)
        job = server.client.post("/evaluate", json={"dataset": "val"}).json()
        assert ended(server, job["id"])["top1"] == 1.0


class Clients:
    """Connections that post to one model, each with `requests` pictures or until the end, and what came of it."""

    def __init__(self, server: ServerProcess, model: str, connections: int, requests: int, side_px: int) -> None:
        self.outcomes: Counter[object] = Counter()
        self.took_s: list[float] = []
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._post, args=(server, model, requests, side_px)) for _ in range(connections)]
        for thread in self._threads:
            thread.start()

    def _post(self, server: ServerProcess, model: str, requests: int, side_px: int) -> None:
        picture = level_png(40, side_px)
        with httpx.Client(base_url=server.url, timeout=60, verify=NO_TLS) as client:
            while requests and not self._over.is_set():
                began_s, requests = time.perf_counter(), requests - 1
                reply = client.post("/classify", params={"model": model}, content=picture)
                self.took_s.append(time.perf_counter() - began_s)
                good = reply.status_code == 200 and (reply.json()["model"], reply.json()["predictions"][0]["class_id"]) == (model, 10)
                self.outcomes["ok" if good else reply.status_code] += 1

    def end(self, *, at_once: bool = False) -> "Clients":
        """Wait for the last answer."""
        if at_once:
            self._over.set()
        for thread in self._threads:
            thread.join()
        return self

    @property
    def p99_ms(self) -> float:
        return sorted(self.took_s)[int(0.99 * len(self.took_s))] * 1e3


def test_a_flooded_model_takes_nothing_from_another(server: ServerProcess) -> None:
    """The flood holds the whole window, and is refused; the quiet one is answered whole. The times are printed, not judged."""
    alone = Clients(server, "level_b", QUIET, REQUESTS, LARGE_PX).end()
    flood = Clients(server, "level_a", FLOOD, 10**9, LARGE_PX)
    while server.metric("classify_rejected_total", model="level_a", reason="saturated") < 1:
        time.sleep(0.02)
    beside = Clients(server, "level_b", QUIET, REQUESTS, LARGE_PX).end()
    flood.end(at_once=True)
    assert alone.outcomes == beside.outcomes == {"ok": QUIET * REQUESTS}
    assert set(flood.outcomes) == {"ok", 429}
    assert server.metric("classify_rejected_total", model="level_b") == 0
    sys.stdout.write(f"p99 alone {alone.p99_ms:.0f} ms, beside a flood {beside.p99_ms:.0f} ms; the flood: {dict(flood.outcomes)}\n")
