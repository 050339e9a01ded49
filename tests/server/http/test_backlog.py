"""Connections that wait to be accepted."""

import socket

import pytest

from server.http.backlog import accept_all


def test_those_that_wait_are_accepted_and_then_none_is_made() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = listener.getsockname()
        clients = [socket.create_connection(address, timeout=5) for _ in range(5)]
        accepted = accept_all(listener)
        with pytest.raises(TimeoutError):
            socket.create_connection(address, timeout=0.2)
    for server in accepted:
        with server:
            server.sendall(b"answer")
    for client in clients:
        with client:
            assert client.recv(6) == b"answer"
