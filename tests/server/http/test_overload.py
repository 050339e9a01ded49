"""Refusals of a full window, straight from the headers."""

import json
import select
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest

from server.api.schemas import ErrorReply
from server.http.limits import DISCARD_BYTES, MAX_PIPELINED, REFUSALS_PER_S
from tests.bench.client import Load, run
from tests.level_model import level_png, store_level_model
from tests.server.bare_client import LAST, BareClient
from tests.server.process import NO_TLS, ServerProcess

SLOW = level_png(8, 3000)  # some 50 ms to decode
QUICK = level_png(20)
SHOP = "https://shop.example"
MAX_CONNECTIONS = 1000
ANNOUNCED = b"POST /classify HTTP/1.1\r\nHost: x\r\nX-Api-Key: two\r\nContent-Length: %d\r\n\r\n" % DISCARD_BYTES


@contextmanager
def full(store: Path, trusted: ssl.SSLContext = NO_TLS, tls: Sequence[Path] = (), busy_s: float = 30) -> Iterator[ServerProcess]:
    """A server whose window of four is full until the end, or for so long."""
    store_level_model(store)
    own = dict(zip(("tls_cert", "tls_key"), map(str, tls), strict=False))
    limits = {"streams_per_device": 1, "window": 4, "max_connections": MAX_CONNECTIONS}
    made = ServerProcess(model_store=store, model="level", cors_origins=SHOP, **limits, **own)  # type: ignore[arg-type]
    with made as server, ThreadPoolExecutor(4) as pool, httpx.Client(base_url=server.url, timeout=30, verify=trusted) as client:
        over, stop = threading.Event(), time.monotonic() + busy_s

        def keep_busy(_: int) -> None:
            while not over.is_set() and time.monotonic() < stop:
                client.post("/classify", content=SLOW)

        busy = pool.map(keep_busy, range(4))
        server.client = client
        while server.metric("classify_in_flight") < 4:
            time.sleep(0.005)
        yield server
        over.set()
        list(busy)


@pytest.fixture
def full_server(tmp_path: Path) -> Iterator[ServerProcess]:
    with full(tmp_path / "store") as server:
        yield server


def request(body: bytes, *headers: str) -> bytes:
    lines = ["POST /classify HTTP/1.1", "Host: x", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def answer(client: socket.socket) -> tuple[int, dict[str, str], dict[str, object]]:
    received = b""
    while b"\r\n\r\n" not in received:
        received += client.recv(65536)
    head, _, body = received.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    while len(body) < int(headers["content-length"]):
        body += client.recv(65536)
    return int(first.split()[1]), headers, json.loads(body)


def refused_once(client: socket.socket) -> None:
    """A client of which the server knows that its images are as slow as those in the window, so that it gets no place of theirs."""
    for _ in range(100):
        client.sendall(request(SLOW))
        if answer(client)[0] == 429:
            return
    raise AssertionError("the window was never full")


def test_a_refusal_has_the_headers_and_the_body_of_every_other(full_server: ServerProcess) -> None:
    host, port = full_server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as client:
        statuses, status = [], 0
        deadline_s = time.monotonic() + 20
        while (429 not in statuses or status != 200) and time.monotonic() < deadline_s:  # the connection is kept, and gets its turn
            client.sendall(request(SLOW, "X-Request-Id: mine", f"Origin: {SHOP}"))  # a quicker image would take a place of the others
            status, headers, body = answer(client)
            statuses.append(status)
            assert headers["access-control-allow-origin"] == SHOP  # else a page would not see that the window is full
            assert "Retry-After" in headers["access-control-expose-headers"]
            if status == 429:
                ErrorReply.model_validate(body, strict=True, extra="forbid")
                assert (body["code"], body["request_id"], headers["x-request-id"]) == ("saturated", "mine", "mine")
                assert "4 images are in flight" in str(body["error"])
                assert (headers["retry-after"], headers["x-engine"], headers["content-type"]) == ("1", "stream", "application/json")
                assert "total;dur=" in headers["server-timing"]  # with `read`, if the body was read before
                time.sleep(0.02)
        assert 429 in statuses
        assert statuses[-1] == 200
        assert body["predictions"][0]["class_id"] == 2  # type: ignore[index]


@pytest.mark.parametrize("upgrade", [b"", b"Connection:Upgrade\r\nUpgrade:a\r\n"])
def test_thousands_of_pipelined_requests_are_not_all_refused_in_one_go(full_server: ServerProcess, upgrade: bytes) -> None:
    """They arrive in few reads, each of which has more upgrades than Python's stack has room; meanwhile nobody else is answered."""
    with BareClient(full_server.address) as client:
        refused_once(client.socket)
        statuses = [status for status, _ in client.send(b"POST /classify HTTP/1.1\r\nHost:x\r\n%b\r\n" % upgrade * 5000).answers()]
    assert statuses[-1] == 400
    assert set(statuses[:-1]) == {429}
    assert 1 < len(statuses) <= MAX_PIPELINED + 2
    assert full_server.troubles() == []


@pytest.mark.parametrize(("version", "header"), [("1.1", "Connection: close"), ("1.0", "")])
def test_a_client_that_wants_the_end_of_the_connection_gets_it(full_server: ServerProcess, version: str, header: str) -> None:
    with BareClient(full_server.address) as client:
        refused_once(client.socket)
        client.send(request(SLOW, *filter(None, [header])).replace(b"HTTP/1.1", f"HTTP/{version}".encode()) + request(SLOW))
        status, headers, _ = answer(client.socket)
        assert (status, headers["connection"]) == (429, "close")
        assert client.socket.recv(1) == b""  # nothing for what came behind it


def test_a_body_whose_end_is_not_known_is_refused_the_longer_way(full_server: ServerProcess) -> None:
    with BareClient(full_server.address) as client:
        refused_once(client.socket)
        head = b"POST /classify HTTP/1.1\r\nHost: x\r\nOrigin: https://shop.example\r\nTransfer-Encoding: chunked\r\n\r\n"
        client.send(head + b"5\r\nhello\r\n0\r\n\r\n")
        status, headers, body = answer(client.socket)
        assert (status, body["code"], headers["access-control-allow-origin"]) == (429, "saturated", SHOP)


def test_those_who_do_not_wait_get_no_more_refusals_than_the_server_can_afford(full_server: ServerProcess, tmp_path: Path) -> None:
    photo = tmp_path / "photo"
    photo.write_bytes(SLOW)  # as those that fill the window: a quicker image would take a place of theirs
    found = run(Load(full_server.url, str(photo), connections=64, seconds=1.0))
    refused = found["statuses"].get("429", 0)
    assert 100 < refused < 1.5 * REFUSALS_PER_S
    assert full_server.metric("classify_rejected_total", reason="saturated") >= refused
    assert full_server.metric("classify_http_requests_total", endpoint="/classify", code="429") >= refused
    assert set(found["statuses"]) <= {"200", "429"}


def test_the_refusal_of_a_large_body_ends_its_connection(full_server: ServerProcess) -> None:
    with BareClient(full_server.address) as client:
        refused_once(client.socket)
        client.send(b"POST /classify HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % (DISCARD_BYTES + 1))
        status, headers, body = answer(client.socket)
        assert (status, body["code"], headers["connection"]) == (429, "saturated", "close")
        assert client.socket.recv(1) == b""
    with ThreadPoolExecutor(16) as pool:
        replies = pool.map(lambda _: httpx.post(f"{full_server.url}/classify", content=SLOW + bytes(DISCARD_BYTES), timeout=10), range(32))
    assert {reply.status_code for reply in replies} <= {200, 429}  # each gets its answer


def test_who_sends_large_bodies_as_fast_as_he_can_gets_fewer_refusals(full_server: ServerProcess, tmp_path: Path) -> None:
    large = tmp_path / "large"
    large.write_bytes(SLOW + bytes(DISCARD_BYTES))
    found = run(Load(full_server.url, str(large), connections=16, seconds=1.0))
    assert 10 < found["statuses"].get("429", 0) < REFUSALS_PER_S * 0.4


def announce(server: ServerProcess) -> None:
    """The head of a body that never comes, from a client that leaves without a word."""
    with BareClient(server.address) as client:
        client.send(ANNOUNCED)


def keep_full(server: ServerProcess) -> None:
    """An image from a client that comes once, and so never waits for its turn."""
    with BareClient(server.address) as client:
        answer(client.send(request(SLOW)).socket)


def test_heads_without_bodies_take_neither_turns_nor_connections(full_server: ServerProcess) -> None:
    over = threading.Event()

    def go_on(act: Callable[[ServerProcess], None]) -> None:
        while not over.wait(0.005):
            act(full_server)

    with ThreadPoolExecutor(8) as pool, BareClient(full_server.address) as client:
        acting = [pool.submit(go_on, act) for act in (*[announce] * 2, *[keep_full] * 6)]
        try:
            while full_server.metric("classify_rejected_total", reason="saturated") < 2 * MAX_CONNECTIONS:
                refused_once(client.socket)
                with BareClient(full_server.address) as newcomer:
                    assert newcomer.send(LAST).codes() == [(200, None)]
        finally:
            over.set()
    for each in acting:
        each.result()


def test_a_full_window_has_a_place_for_another_key_and_for_none_without(tmp_path: Path) -> None:
    store_level_model(tmp_path / "store")
    (tmp_path / "keys").write_text("many:one\nfew:two\n")
    with (
        ServerProcess(
            model_store=tmp_path / "store", model="level", streams_per_device=1, window=4, api_keys_file=tmp_path / "keys"
        ) as server,
        ThreadPoolExecutor(6) as pool,
    ):
        over = threading.Event()

        def status(key: str, body: bytes) -> int:
            return server.client.post("/classify", content=body, headers={"X-Api-Key": key}).status_code

        def keep_busy(_: int) -> list[int]:
            statuses = []
            while not over.is_set():
                statuses.append(status("one", SLOW))
            return statuses

        busy = pool.map(keep_busy, range(6))
        try:
            time.sleep(0.5)
            found = []
            for _ in range(10):
                found.append((status("two", QUICK), status("three", QUICK)))
                time.sleep(0.03)
            with ExitStack() as silent:
                sockets = [silent.enter_context(BareClient(server.address)).send(ANNOUNCED, pause_s=0.02).socket for _ in range(20)]
                time.sleep(0.1)
                invited = len(sockets) - len(select.select(sockets, [], [], 0)[0])
        finally:
            over.set()
        refused = sum(statuses.count(429) for statuses in busy)
    assert refused > 0
    assert {quick for quick, _ in found} == {200}
    assert {unknown for _, unknown in found} <= {401, 429}
    assert invited < 5  # who was let in, and sends no body, takes no more turns of others
