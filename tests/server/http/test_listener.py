"""Signals."""

import signal
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from tests.level_model import level_png, store_level_model
from tests.server.process import NEW_PROCESS, ServerProcess


def test_ctrl_c_ends_it_well() -> None:
    with ServerProcess(python=NEW_PROCESS, engines="fake") as server:
        server.signal(signal.SIGINT)
        assert server.wait() == 0


def test_a_second_signal_does_not_wait(tmp_path: Path) -> None:
    store_level_model(tmp_path)
    with ServerProcess(model_store=tmp_path, model="level", drain_delay_s=20) as server:
        server.signal(signal.SIGTERM)
        server.log("draining")
        server.signal(signal.SIGTERM)
        assert server.wait(timeout_s=10) == 0


def test_who_comes_back_during_the_drain_is_asked_to_go_elsewhere() -> None:
    with ServerProcess(engines="fake", drain_delay_s=2) as server:
        assert "connection" not in server.client.get("/health/live").headers
        server.signal(signal.SIGTERM)
        server.log("draining")
        assert server.client.get("/health/live").headers["connection"] == "close"
        assert server.client.post("/classify", content=b"no image").headers["connection"] == "close"


def test_a_client_that_had_just_connected_is_answered() -> None:
    """It connects before the listener closes, and sends its request after that."""
    with ServerProcess(engines="fake") as server:
        clients = [socket.create_connection(server.address, timeout=10) for _ in range(8)]
        server.signal(signal.SIGTERM)
        server.log("Shutting down")
        for client in clients:
            with client:
                client.sendall(b"GET /health/live HTTP/1.1\r\nHost: here\r\n\r\n")
                answer = b"".join(iter(partial(client.recv, 65536), b""))
                assert answer.startswith(b"HTTP/1.1 200 ")
                assert b"connection: close" in answer
        assert server.wait(timeout_s=10) == 0


def test_a_client_that_never_sends_does_not_hold_the_end_up() -> None:
    with ServerProcess(engines="fake") as server, socket.create_connection(server.address, timeout=10):
        server.signal(signal.SIGTERM)
        assert server.wait(timeout_s=10) == 0


def ask_until_refused(address: tuple[str, int]) -> int:
    """Connect anew for each request, until nobody listens; the number of answers. Fails if a connection is made and then not answered."""
    answers = 0
    while True:
        try:
            client = socket.create_connection(address, timeout=10)
        except ConnectionRefusedError:
            return answers
        with client:
            client.sendall(b"GET /health/live HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n")
            answer = b"".join(iter(partial(client.recv, 65536), b""))
        assert answer.startswith(b"HTTP/1.1 200 "), answer
        answers += 1


def test_no_connection_is_reset_when_the_listener_closes() -> None:
    with ServerProcess(engines="fake") as server, ThreadPoolExecutor(16) as clients:
        asking = [clients.submit(ask_until_refused, server.address) for _ in range(16)]
        time.sleep(0.2)
        server.signal(signal.SIGTERM)
        assert sum(future.result() for future in asking) > 16
        assert server.wait(timeout_s=10) == 0


def test_a_request_drains_it_as_a_signal_does(tmp_path: Path) -> None:
    """What is in flight is answered, new requests too until the listener closes; the signal of a supervisor that follows cuts nothing."""
    store_level_model(tmp_path)
    with ServerProcess(model_store=tmp_path, model="level", drain_delay_s=1.5) as server, ThreadPoolExecutor(8) as clients:
        asking = [clients.submit(server.client.post, "/classify", content=level_png(8)) for _ in range(32)]
        reply = server.client.post("/admin/drain")
        assert (reply.status_code, reply.json()) == (202, {"status": "draining", "reason": ""})
        assert server.client.post("/admin/drain").status_code == 202  # nothing new
        server.signal(signal.SIGTERM)
        ready = server.client.get("/health/ready")
        assert (ready.status_code, ready.json()["status"], ready.headers["connection"]) == (503, "draining", "close")
        assert server.client.get("/status").json()["status"] == "draining"
        assert {future.result().status_code for future in asking} == {200}
        assert server.wait(timeout_s=20) == 0
    assert server.lines("POST /admin/drain: draining") == 2


def test_who_may_not_reach_into_the_machine_drains_nothing(keyed_server: ServerProcess) -> None:
    for headers, status in (({}, 401), ({"X-Api-Key": "wrong"}, 401), ({"X-Api-Key": "s3cret"}, 405)):
        assert keyed_server.client.request("GET" if status == 405 else "POST", "/admin/drain", headers=headers).status_code == status
    assert keyed_server.client.get("/health/ready").status_code == 200
