"""GET /status: what it tells is what was asked; who may change something is who may use /admin."""

import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from server.api.status_schemas import StatusReply
from tests.level_model import level_png
from tests.server.process import NO_TLS, ServerProcess

AS_PAGE = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    with ServerProcess(engines="fake") as server:
        yield server


def told_until(server: ServerProcess, images: int, since: float = 0) -> dict[str, Any]:
    """The status, once so many images are in its samples."""
    deadline_s = time.monotonic() + 20
    while True:
        status: dict[str, Any] = server.client.get("/status", params={"since": since}).json()
        if sum(sum(sample.get("images", {}).values()) for sample in status["samples"]) >= images or time.monotonic() > deadline_s:
            return status
        time.sleep(0.1)


def test_the_samples_have_the_requests_that_were_made(server: ServerProcess) -> None:
    began_s = server.client.get("/status").json()["now_s"] - 1
    for _ in range(12):
        assert server.client.post("/classify", content=level_png(8)).status_code == 200
    for _ in range(3):
        assert server.client.post("/classify", content=b"no image").status_code == 415
    status = told_until(server, 12, began_s)
    images: Counter[str] = Counter()
    requests: Counter[str] = Counter()
    for sample in status["samples"]:
        images.update(sample.get("images", {}))
        requests.update(sample.get("requests", {}))
    assert images == {"ok": 12}
    assert requests == {"2xx": 12, "4xx": 3}
    assert sum(sum(sample.get("took", {}).values()) for sample in status["samples"]) == 15
    assert all(sample["over_s"] > 0 and sample["memory_bytes"] > 10_000_000 for sample in status["samples"])
    assert len(server.client.get("/status", params={"since": status["samples"][-1]["at_s"]}).json()["samples"]) <= 1


def test_what_it_is_now(server: ServerProcess) -> None:
    status = server.client.get("/status").json()
    assert StatusReply.model_validate(status).models[0].engines[0].up
    assert (status["status"], status["may_change"], status["evaluations"]) == ("ready", True, [])
    [model] = status["models"]
    assert (model["model"], model["engine"], model["switches"]) == ("efficientnet_lite0", "fake", 0)
    engine = {"name": "fake", "device": "0", "up": True, "restarting": False, "answers": True, "in_flight": 0, "restarts": 0, "reason": ""}
    assert model["engines"] == [engine]
    assert not Path(server.evaluations).exists()  # only an evaluation creates the folder
    assert len(server.client.get("/status", params={"since": status["now_s"]}).content) < 4096


def test_a_browser_gets_the_page(server: ServerProcess) -> None:
    page, told = server.client.get("/status", headers=AS_PAGE), server.client.get("/status", headers={"Accept": "application/json"})
    assert page.headers["content-type"].startswith("text/html")
    assert '<svg class="plot"' in page.text
    assert "Accept" in page.headers["vary"]
    assert (told.headers["content-type"], told.headers["vary"]) == ("application/json", "Accept")


@pytest.mark.parametrize("since", ["-1", "nan", "inf", "soon"])
def test_a_time_that_is_none_is_refused(server: ServerProcess, since: str) -> None:
    reply = server.client.get("/status", params={"since": since})
    assert (reply.status_code, reply.json()["code"]) == (400, "bad_request")


def test_the_key_is_asked_for(keyed_server: ServerProcess) -> None:
    assert keyed_server.client.get("/status").status_code == 401
    asked = keyed_server.client.get("/status", headers=AS_PAGE)
    assert (asked.status_code, 'action="sign-in"' in asked.text) == (401, True)
    status = keyed_server.client.get("/status", headers={"X-Api-Key": "s3cret"}).json()
    assert status["may_change"] is True


def test_who_comes_through_a_proxy_without_a_key_may_look_and_change_nothing(server: ServerProcess) -> None:
    status = httpx.get(f"{server.url}/status", headers={"X-Forwarded-For": "192.0.2.7"}, verify=NO_TLS).json()
    assert (status["status"], status["may_change"], status["evaluations"]) == ("ready", False, [])


def test_the_newest_evaluations(tmp_path: Path) -> None:
    for level in (0, 4):
        (tmp_path / str(level)).mkdir()
        (tmp_path / str(level) / "a.png").write_bytes(level_png(level))
    with ServerProcess(engines="fake", evaluation_roots=f"val={tmp_path}") as server:
        ids = [server.client.post("/evaluate", json={"dataset": "val"}).json()["id"] for _ in range(7)]
        told = server.client.get("/status").json()["evaluations"]
        assert [each["id"] for each in told] == ids[:1:-1]
        assert {(each["dataset"], each["model"], each["total"]) for each in told} == {("val", None, 2)}
        through_a_proxy = server.client.get("/status", headers={"X-Forwarded-For": "192.0.2.7"}).json()
        assert through_a_proxy["evaluations"] == []
