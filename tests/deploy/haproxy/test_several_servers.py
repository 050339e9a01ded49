"""Two real servers behind a real HAProxy, or nginx: one drains, one is killed, all are full, and no client notices."""

import json
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from server.settings import Settings
from tests.deploy.haproxy.balancers import HAPROXY, NGINX, haproxy, nginx, wait_until
from tests.deploy.places import DEPLOY
from tests.deploy.programs import needs
from tests.level_model import level_png, store_level_model
from tests.server.crowd import CLIENTS, Crowd
from tests.server.process import ServerProcess

BALANCERS = [
    pytest.param(haproxy, marks=needs("haproxy", "haproxy"), id="haproxy"),
    pytest.param(nginx, marks=needs("nginx", "nginx-light"), id="nginx"),
]
REST_S = 0.05
LARGE_BYTES = 250_000
"""Of a body that fits into HAProxy's buffer."""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The level model."""
    folder = tmp_path_factory.mktemp("store")
    store_level_model(folder)
    return folder


def server(store: Path, **settings: Any) -> ServerProcess:
    """A server that believes the balancer."""
    return ServerProcess(model_store=store, model="level", engines="stream", forwarded_allow_ips="127.0.0.1", **settings)


def answers(one: ServerProcess) -> int:
    """The images that a server has answered with 200, by its log."""
    return one.lines("POST /classify 200")


def told(message: str) -> None:
    """Print what was counted; -s shows it."""
    sys.stdout.write(f"\n{message}")


@pytest.mark.parametrize("ends", [signal.SIGTERM, signal.SIGKILL])
@pytest.mark.parametrize("balancer", BALANCERS)
def test_no_client_notices_the_end_of_a_server(balancer: Any, ends: signal.Signals, store: Path, tmp_path: Path) -> None:
    leaving, staying = server(store, drain_delay_s=1), server(store)
    with staying, balancer([leaving.address, staying.address], tmp_path) as before:
        with Crowd(before.address, REST_S) as crowd:
            crowd.wait_for(lambda: answers(leaving) > CLIENTS and answers(staying) > CLIENTS, "both answer")
            leaving.signal(ends)
            assert leaving.wait() == (0 if ends == signal.SIGTERM else -ends)
            crowd.wait_for_answers("stream", 4 * CLIENTS)
        told(f"{crowd}: {answers(leaving)} by the server that left, {answers(staying)} by the other")
        if before.watch:
            again = {name: before.metric(f"haproxy_backend_{name}_warnings_total", 'proxy="servers"') for name in ("retry", "redispatch")}
            told(f"HAProxy: {again}")
            wait_until(lambda: before.metric("haproxy_server_status", 'server="a"', 'proxy="servers"', 'state="DOWN"') == 1)
    assert crowd.faults == []
    assert crowd.sent == crowd.answers["stream"]
    if ends == signal.SIGTERM:  # the last lines of a killed server's log are lost
        assert answers(leaving) + answers(staying) == crowd.sent


@pytest.mark.parametrize("balancer", BALANCERS)
def test_clients_keep_their_addresses_and_evaluations_go_to_one_server(balancer: Any, store: Path, tmp_path: Path) -> None:
    with server(store) as first, server(store) as second, balancer([first.address, second.address], tmp_path) as before:
        with httpx.Client(transport=httpx.HTTPTransport(local_address="127.0.0.2")) as client:
            reply = client.post(f"{before.url}/classify", content=level_png(8), headers={"X-Forwarded-For": "203.0.113.9"})
        assert reply.json()["predictions"][0]["class_id"] == 2
        wait_until(lambda: answers(first) + answers(second) == 1)
        took = first if answers(first) else second
        assert took.log("POST /classify 200")["client"] == "127.0.0.2"  # what the client said of itself is not believed
        for path in ("/evaluate", "/%65valuate"):
            before_them = first.lines(f"GET {path}"), second.lines(f"GET {path}")
            assert [httpx.get(f"{before.url}{path}/none").status_code for _ in range(4)] == [403] * 4  # through a proxy only with a key
            wait_until(lambda path=path, had=before_them[0]: first.lines(f"GET {path}") == had + 4)  # type: ignore[misc]
            assert second.lines(f"GET {path}") == before_them[1]


@pytest.mark.parametrize("balancer", BALANCERS)
def test_what_speaks_of_one_server_or_changes_one_does_not_pass(balancer: Any, store: Path, tmp_path: Path) -> None:
    """A model that one of two servers loads is not found in every second request; a page of samples from both shows neither."""
    looks = "metrics", "%6detrics", "infer/metrics", "status", "status?since=1", "%73tatus", "infer/status"
    changes = [f"{admin}/models/reload" for admin in ("admin", "%61dmin", "infer/admin")]
    changes += [f"{v2}/repository/models/level/{change}" for v2 in ("v2", "%762", "infer/v2") for change in ("load", "unload")]
    [told] = re.findall(r"return status 403 .* string '(\{.*?\})'", HAPROXY.read_text("utf-8"))
    with server(store) as first, server(store) as second, balancer([first.address, second.address], tmp_path) as before:
        replies = [httpx.get(f"{before.url}/{path}") for path in looks] + [httpx.post(f"{before.url}/{path}") for path in changes]
        assert {(reply.status_code, reply.headers["Content-Type"], reply.text) for reply in replies} == {(403, "application/json", told)}
        passes = ("GET", "/health/ready"), ("GET", "/v2/models/level"), ("POST", "/v2/repository/index")
        assert [httpx.request(method, before.url + path).status_code for method, path in passes] == [200] * 3  # all answer these alike


@contextmanager
def deserter() -> Iterator[tuple[tuple[str, int], list[int]]]:
    """A server that says it is ready, takes a whole request, and closes the connection: what is left of one that was killed just then.

    Its address, and the sizes of the bodies that it took.
    """
    taken: list[int] = []

    def attend(client: socket.socket) -> None:
        with client, client.makefile("rb") as lines:
            head = b"".join(iter(lines.readline, b"\r\n"))
            if head.startswith(b"GET /health/ready"):
                client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            elif length := re.search(rb"(?i)content-length: (\d+)", head):
                taken.append(len(lines.read(int(length[1]))))

    def serve() -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=attend, args=(client,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[:2], taken
        listener.shutdown(socket.SHUT_RDWR)
    thread.join()


@pytest.mark.parametrize(
    ("size", "balancer", "statuses"), [(LARGE_BYTES, "haproxy", {200}), (3_000_000, "haproxy", {200, 502}), (3_000_000, "nginx", {200})]
)
def test_what_a_server_took_and_lost_is_answered_by_another(
    size: int, balancer: str, statuses: set[int], store: Path, tmp_path: Path
) -> None:
    """HAProxy repeats what lies whole in its buffer, nginx everything."""
    if not shutil.which(balancer):
        pytest.skip(f"{balancer} is not installed")
    photo = level_png(8)
    photo += bytes(size - len(photo))  # bytes behind a picture are cut off
    with server(store) as staying, deserter() as (lost, taken):
        with {"haproxy": haproxy, "nginx": nginx}[balancer]([lost, staying.address], tmp_path) as before:
            wait_until(lambda: httpx.get(f"{before.url}/health/ready").status_code == 200)
            found = [httpx.post(f"{before.url}/classify", content=photo).status_code for _ in range(6)]
        assert set(found) == statuses, found
        assert set(taken) == {size}
        wait_until(lambda: answers(staying) == found.count(200))


@needs("haproxy", "haproxy")
def test_what_finds_no_place_waits_until_a_server_has_one(store: Path, tmp_path: Path) -> None:
    """Thirty-two clients at two servers with two places each: none is refused, although a server by itself refuses the third."""
    settings: dict[str, Any] = {"window": 2, "latency_mode": "off"}
    with server(store, **settings) as first, server(store, **settings) as second:
        with haproxy([first.address, second.address], tmp_path, maxconn="2") as before:
            with Crowd(before.address, 0) as crowd:
                crowd.wait_for_answers("stream", 10 * CLIENTS)
            assert crowd.faults == []
            told(f"{crowd}: {answers(first)} and {answers(second)}; most waited: {before.metric('haproxy_backend_max_queue', 'servers')}")
            assert before.metric("haproxy_backend_max_queue", 'proxy="servers"') > 0
        with haproxy([first.address, second.address], tmp_path, maxconn="2", ge="4") as before:
            with Crowd(before.address, 0) as crowd:
                crowd.wait_for_answers("stream", 2 * CLIENTS)
            assert crowd.faults, "so many may not wait"
            assert all("429" in fault and '"saturated"' in fault for fault in crowd.faults)


@needs("nginx", "nginx-light")
def test_nginx_gives_the_429_of_a_full_server_and_goes_on_asking_it(store: Path, tmp_path: Path) -> None:
    settings: dict[str, Any] = {"window": 2, "latency_mode": "off"}
    with (
        server(store, **settings) as first,
        server(store, **settings) as second,
        nginx([first.address, second.address], tmp_path) as before,
    ):
        with Crowd(before.address, 0) as crowd:
            crowd.wait_for_answers("stream", 2 * CLIENTS)
        assert crowd.faults, "all are full"
        assert all(": 429 " in fault for fault in crowd.faults), crowd.faults[:3]
        assert first.metric("classify_rejected_total") > 0 < second.metric("classify_rejected_total")


@needs("haproxy", "haproxy")
def test_what_haproxy_answers_by_itself_is_an_error_of_the_api(tmp_path: Path) -> None:
    """Nobody listens behind it. The codes are those of the servers, so that a client needs no second way to read an error."""
    with haproxy([("127.0.0.1", 9), ("127.0.0.1", 9)], tmp_path) as before:
        wait_until(lambda: before.metric("haproxy_server_status", 'proxy="servers"', 'state="DOWN"') == 2)
        reply = httpx.post(f"{before.url}/classify", content=level_png(8))
    assert (reply.status_code, reply.headers["Retry-After"], reply.json()["code"]) == (503, "1", "engine_unavailable")
    told = re.findall(r"http-error status (\d+) .*?'(\{.*?\})'", HAPROXY.read_text("utf-8"))
    assert [status for status, _ in told] == ["502", "503", "504"]
    codes = (DEPLOY.parent / "docs/errors.md").read_text("utf-8")
    assert all(f"`{json.loads(body)['code']}`" in codes for _, body in told)


def test_its_times_and_sizes_are_those_of_the_servers() -> None:
    defaults = {name: field.default for name, field in Settings.model_fields.items()}
    text = HAPROXY.read_text("utf-8")
    seconds = {name: int(value) for name, value in re.findall(r"timeout ([\w-]+) +(\d+)s", text.partition("frontend")[0])}
    assert min(seconds["client"], seconds["server"]) > defaults["timeout_ms"] / 1000
    assert seconds["http-keep-alive"] == defaults["keep_alive_s"]
    assert set(re.findall(r"maxconn (\d+)$", text.partition("defaults")[2], re.MULTILINE)) == {str(defaults["window"])}
    assert f"proxy_read_timeout {seconds['server']}s" in NGINX.read_text("utf-8")


def test_compose_takes_it() -> None:
    file = HAPROXY.with_name("docker-compose.yml")
    subprocess.run([sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(file)], check=True)
    variables = set(re.findall(r"\$\{(\w+):-", file.read_text("utf-8")))
    assert set(re.findall(r"\$\{(\w+)-", HAPROXY.read_text("utf-8"))) <= variables
