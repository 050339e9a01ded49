"""The routes of evaluations over real HTTP."""

import json
import re
import signal
import time
from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import httpx
import pytest

from server.api.schemas import EvaluationReply
from server.evaluation.jobs.waiting_places import KEPT, MAX_WAITING
from tests.level_model import store_level_model
from tests.server.evaluation.level_sets import LevelSet, events, finished, make_level_set
from tests.server.process import ServerProcess


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> LevelSet:
    return make_level_set(tmp_path_factory.mktemp("small") / "val", 200, damaged=True)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, small: LevelSet) -> Iterator[ServerProcess]:
    root = tmp_path_factory.mktemp("store")
    store_level_model(root)
    slow = make_level_set(tmp_path_factory.mktemp("slow") / "slow", 12_000)
    odd = tmp_path_factory.mktemp("odd")
    (odd / "empty").mkdir()
    (odd / "out").symlink_to("/etc")
    roots = f"val={small.folder},slow={slow.folder},odd={odd}"
    with ServerProcess(model_store=root, model="level", evaluation_roots=roots, max_upload_bytes=2_000_000) as server:
        yield server
        assert server.troubles() == []


def post(server: ServerProcess, dataset: str = "val", **wanted: object) -> str:
    response = server.client.post("/evaluate", json={"dataset": dataset, **wanted})
    assert response.status_code == 202, response.text
    return str(response.headers["location"])


def test_the_way_of_an_evaluation(server: ServerProcess, small: LevelSet) -> None:
    response = server.client.post("/evaluate", json={"dataset": "val", "labels": "val_label.txt", "top_k": 3})
    queued = response.json()
    assert (response.status_code, response.headers["location"]) == (202, f"/evaluate/{queued['id']}")
    assert (queued["total"], queued["done"], queued["dataset"], queued["top_k"]) == (200, 0, "val", 3)
    location = response.headers["location"]
    told = [response.text, *map(json.dumps, events(server, location)), server.client.get(location).text]
    replies = [EvaluationReply.model_validate_json(text, strict=True, extra="forbid") for text in told]
    assert [reply.model_dump(mode="json") for reply in replies] == list(map(json.loads, told))
    last = json.loads(told[-2])
    assert (last["state"], last["done"], last["top1"], last["error"]) == ("finished", 200, small.correct / 200, None)
    assert server.client.get(location).json() == last
    assert last in server.client.get("/evaluate").json()
    report = server.client.get(f"{location}/report").json()
    assert list(report["accuracy"]) == ["top1", "top2", "top3"]
    assert report["denominators"]["failed"] == {"undecodable_image": 2}
    assert report["manifest"]["model_sha256"] == server.client.get("/info").json()["artifacts"][0]["sha256"]
    predictions = server.client.get(f"{location}/predictions")
    assert predictions.headers["content-type"] == "application/jsonl"
    lines = [json.loads(line) for line in predictions.text.splitlines()]
    assert sum(line["outcome"] == "ok" and line["top"][0][0] == line["label"] for line in lines) == small.correct


def test_a_refusal_does_not_tell_where_a_set_lies(server: ServerProcess) -> None:
    refusal = server.client.post("/evaluate", json={"dataset": "odd/empty"})
    assert (refusal.status_code, refusal.json()["code"]) == (400, "bad_request")
    assert refusal.json()["error"].startswith("odd/empty has no images.")


def test_the_report_as_a_page(server: ServerProcess) -> None:
    location = post(server)
    finished(server, location)
    page = server.client.get(f"{location}/report", headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    assert page.headers["content-type"].startswith("text/html")
    assert page.text.startswith("<!doctype html>")
    assert "data:image/jpeg" in page.text
    assert server.client.get(f"{location}/report", headers={"Accept": "text/html"}).text == page.text
    style = sha256(re.findall("<style>(.*?)</style>", page.text, re.DOTALL)[0].encode()).digest()
    assert f"style-src 'sha256-{b64encode(style).decode()}';" in page.headers["content-security-policy"]
    assert "unsafe" not in page.headers["content-security-policy"]
    for asked in ({"Accept-Language": "zh-CN,zh;q=0.9"}, {"Cookie": "language=zh", "Accept-Language": "en"}):
        chinese = server.client.get(f"{location}/report", headers={"Accept": "text/html"} | asked)
        assert (chinese.headers["content-language"], chinese.headers["vary"]) == ("zh-CN", "Accept, Accept-Language, Cookie")
        assert "混淆矩阵" in chinese.text
    assert "Confusion matrix" in server.client.get(f"{location}/report", headers={"Accept": "text/html"}).text
    assert server.client.get(f"{location}/report", headers={"Accept": "application/json"}).headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"dataset": "nothing"}, 404, "slow"),
        ({"dataset": "val/none"}, 404, "does not exist"),
        ({"dataset": "val/../../etc"}, 403, "`..`"),
        ({"dataset": "odd/out"}, 403, "leads out"),
        ({"dataset": "odd", "labels": "out/passwd"}, 403, "leads out"),
        ({"dataset": "val", "labels": "/etc/passwd"}, 403, "relative"),
        ({"dataset": "val", "labels": "0.png"}, 400, "UTF-8"),
        ({"dataset": "odd/empty"}, 400, "has no images"),
        ({"dataset": "val", "top_k": 17}, 400, "top_k"),
        ({"dataset": "val", "limit": 0}, 400, "limit"),
        ({"dataset": "val", "other": 1}, 400, "other"),
        ({}, 400, "dataset"),
        ([], 400, "body"),
    ],
)
def test_what_is_refused(server: ServerProcess, body: object, status: int, words: str) -> None:
    response = server.client.post("/evaluate", json=body)
    assert response.status_code == status, response.text
    assert words in response.json()["error"]


def test_what_is_not_there(server: ServerProcess) -> None:
    for method, path in (("GET", ""), ("GET", "/events"), ("GET", "/report"), ("GET", "/predictions"), ("DELETE", ""), ("POST", "/resume")):
        response = server.client.request(method, f"/evaluate/0123456789abcdef{path}")
        assert (response.status_code, response.json()["code"]) == (404, "not_found")


def test_the_queue_keeps_its_order_and_has_an_end(server: ServerProcess) -> None:
    first = post(server, "slow")
    while server.client.get(first).json()["state"] == "queued":
        time.sleep(0.01)
    assert server.client.get(f"{first}/report").status_code == 409
    so_far = server.client.get(f"{first}/predictions").text
    assert all(json.loads(line)["outcome"] == "ok" for line in so_far.splitlines())
    waiting = [post(server, limit=5) for _ in range(MAX_WAITING - KEPT)]
    refusal = server.client.post("/evaluate", json={"dataset": "val"})
    assert (refusal.status_code, refusal.json()["code"], refusal.headers["retry-after"]) == (429, "saturated", "1")
    assert "the last 4 places are for other clients" in refusal.json()["error"]
    for _ in range(KEPT):  # each on a connection of its own, which on the loopback is another client
        accepted = httpx.post(f"{server.url}/evaluate", json={"dataset": "val", "limit": 5})
        waiting.append(accepted.headers["location"])
    assert "16 evaluations are waiting" in httpx.post(f"{server.url}/evaluate", json={"dataset": "val"}).json()["error"]
    assert server.client.get(f"{waiting[0]}/predictions").text == ""
    assert server.client.delete(waiting.pop(3)).json()["state"] == "cancelled"
    cancelled = server.client.delete(first).json()
    assert cancelled["state"] == "cancelled"
    ended = [finished(server, location)["ended"] for location in waiting]
    assert ended == sorted(ended)  # type: ignore[type-var]
    check_resumed(server, first)


def check_resumed(server: ServerProcess, location: str) -> None:
    """A cancelled evaluation goes on where it stopped; a finished one can be removed."""
    before = server.client.get(location).json()["done"]
    assert server.client.post(f"{location}/resume").json()["state"] in ("queued", "running")
    while (now := server.client.get(location).json())["done"] <= before:
        assert now["state"] in ("queued", "running")
        time.sleep(0.01)
    assert server.metric("classify_evaluation_running") == 1
    assert server.client.delete(location).json()["state"] == "cancelled"
    assert server.client.delete(location).status_code == 200
    assert server.client.get(location).status_code == 404
    assert server.client.get(f"{location}/predictions").status_code == 404


def test_events_end_with_a_drain(tmp_path: Path) -> None:
    slow = make_level_set(tmp_path / "slow", 5_000)
    store_level_model(tmp_path / "store")
    with ServerProcess(model_store=tmp_path / "store", model="level", evaluation_roots=f"slow={slow.folder}") as other:
        location = post(other, "slow")
        began_s = time.monotonic()
        with other.client.stream("GET", f"{location}/events") as response:
            lines = response.iter_lines()
            assert next(lines) == "event: progress"
            other.signal(signal.SIGTERM)
            assert "event: over" not in list(lines)
        assert other.wait() == 0
        assert time.monotonic() - began_s < 10
