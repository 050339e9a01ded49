"""The listening socket."""

import socket

import pytest

from server.http.address import PortTaken, bind
from server.settings import Settings


def test_a_free_port_is_taken() -> None:
    with bind(Settings(host="127.0.0.1", port=0)) as listener:
        assert listener.getsockname()[1] > 0


def test_a_port_in_use_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(PortTaken, match=rf"Cannot listen on 127.0.0.1:{port}: Address already in use"):
            bind(Settings(host="127.0.0.1", port=port))
