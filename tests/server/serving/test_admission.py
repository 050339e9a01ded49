"""Deadlines, abandoned requests and the full window, over real HTTP."""

import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.level_model import level_png, store_level_model
from tests.server.process import ServerProcess

SLOW = 2200  # px: such a picture takes some 25 ms to decode


@pytest.fixture(scope="module")
def slow_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """One stream and a window of eight, so that pictures have to wait."""
    store = tmp_path_factory.mktemp("store")
    store_level_model(store)
    with ServerProcess(model_store=store, model="level", streams_per_device=1, window=8) as server:
        yield server


def test_a_full_window_answers_429_at_once(slow_server: ServerProcess) -> None:
    with ThreadPoolExecutor(24) as pool:
        responses = list(pool.map(lambda _: slow_server.client.post("/classify", content=level_png(8, SLOW)), range(24)))
    statuses = sorted(response.status_code for response in responses)
    assert set(statuses) == {200, 429}
    assert statuses.count(200) >= 8
    refused = next(response for response in responses if response.status_code == 429)
    assert (refused.json()["code"], refused.headers["retry-after"]) == ("saturated", "1")
    assert slow_server.metric("classify_rejected_total", reason="saturated") == statuses.count(429)


def test_a_batch_that_finds_no_room_at_all_is_429(slow_server: ServerProcess) -> None:
    """Those that find room are answered, the others are refused one by one."""
    batch = [("image", level_png(8, SLOW))] * 12
    results = slow_server.client.post("/classify/batch", files=batch).json()["results"]
    assert [result.get("code", "ok") for result in results] == ["ok"] * 8 + ["saturated"] * 4


def test_a_client_may_ask_for_less_time(slow_server: ServerProcess) -> None:
    response = slow_server.client.post("/classify?timeout_ms=5", content=level_png(8, SLOW))
    assert (response.status_code, response.json()["code"]) == (504, "deadline_exceeded")


def test_abandoned_requests_are_not_decoded(tmp_path: Path) -> None:
    store_level_model(tmp_path)
    body = level_png(8, SLOW)
    head = f"POST /classify HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    with ServerProcess(model_store=tmp_path, model="level", streams_per_device=1) as server:
        host, port = server.url.removeprefix("http://").split(":")
        before = server.metric("classify_stage_duration_seconds_count", stage="decode")
        clients = [socket.create_connection((host, int(port))) for _ in range(20)]
        for client in clients:
            client.sendall(head + body)
        while server.metric("classify_in_flight") < 20:
            time.sleep(0.005)
        for client in clients:
            client.close()
        while server.metric("classify_in_flight"):
            time.sleep(0.005)
        assert server.metric("classify_images_total", outcome="abandoned") >= 15
        assert server.metric("classify_stage_duration_seconds_count", stage="decode") - before <= 5
        assert server.metric("classify_http_requests_total", code="499") >= 15
        assert server.client.post("/classify", content=level_png(20)).json()["predictions"][0]["class_id"] == 5


def test_batches_form_and_answer_as_batch_one(tmp_path: Path) -> None:
    """With batch sizes and 32 clients the model runs batches, and the scores are those of batch one within 1e-5."""
    store_level_model(tmp_path, "one")
    store_level_model(tmp_path, "many", (1, 2, 4, 8))
    answers = {}
    for model in ("one", "many"):
        with ServerProcess(model_store=tmp_path, model=model) as server, ThreadPoolExecutor(32) as pool:
            replies = list(
                pool.map(lambda level: server.client.post("/classify?top_k=16", content=level_png(level)).json(), list(range(0, 256, 2)))
            )
            runs = server.metric("classify_batch_size_count") - server.metric("classify_batch_size_bucket", le="1.0")
        answers[model] = [[(entry["class_id"], entry["score"]) for entry in reply["predictions"]] for reply in replies]
        assert (runs > 0) == (model == "many")
    for one, many in zip(answers["one"], answers["many"], strict=True):
        assert [class_id for class_id, _ in one] == [class_id for class_id, _ in many]
        assert [score for _, score in many] == pytest.approx([score for _, score in one], abs=1e-5)
