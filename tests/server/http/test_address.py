"""The listening socket."""

import errno
import socket

import pytest

from server.http.address import PortTaken, bind
from server.settings import SettingInvalid, Settings


def test_a_free_port_is_taken() -> None:
    with bind(Settings(host="127.0.0.1", port=0)) as listener:
        assert listener.getsockname()[1] > 0


def test_a_port_in_use_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(PortTaken, match=rf"Another program listens on 127.0.0.1:{port}. Name another port \(--port {port + 1}\)"):
            bind(Settings(host="127.0.0.1", port=port))


@pytest.mark.parametrize("host", ["x86_64-conda-linux-gnu", "192.0.2.1", "::zz", "a" * 70, "a..b"])
def test_a_host_that_is_no_address_of_this_machine(host: str) -> None:
    with pytest.raises(SettingInvalid, match=rf"HOST is '{host}', and this machine has no such address.*ASCEND_CLASSIFY_HOST"):
        bind(Settings(host=host))


def test_a_port_for_root(monkeypatch: pytest.MonkeyPatch) -> None:
    class Refusing(socket.socket):  # root, who runs this in a container, may
        def bind(self, _address: object) -> None:
            raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("server.http.address.socket.socket", Refusing)
    with pytest.raises(SettingInvalid, match=r"Only root may listen on port 80\. Name one from 1024 on: --port 8000"):
        bind(Settings(port=80))
