"""GRPC_PORT is checked before anything starts."""

import importlib.util
import socket

import pytest

from server.cli.flags import load_settings
from server.http.address import PortTaken
from server.http.grpc_port import check_grpc
from server.settings import SettingInvalid


def test_without_a_port_nothing_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    check_grpc(load_settings())


@pytest.mark.parametrize("missing", ["grpc", "grpc_health", "google.protobuf"])
def test_a_missing_extra_is_named_with_its_command(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    def find_spec(name: str) -> object:
        if name == missing == "google.protobuf":
            raise ModuleNotFoundError(name)
        return None if name == missing else object()

    monkeypatch.setattr(importlib.util, "find_spec", find_spec)
    with pytest.raises(SettingInvalid, match=rf"the package of {missing} is missing. .* -m pip install 'ascend-classify\[grpc\]'"):
        check_grpc(load_settings(grpc_port=1))


def test_a_port_that_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortTaken, match="--grpc-port"):
            check_grpc(load_settings(grpc_port=port))
        with pytest.raises(SettingInvalid, match="both"):
            check_grpc(load_settings(grpc_port=port, port=port))
    check_grpc(load_settings(grpc_port=port))
