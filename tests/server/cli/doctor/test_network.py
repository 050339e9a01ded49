"""The address: really bound, really taken."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from server.cli.doctor.case import open_case
from server.cli.doctor.finding import Finding
from server.cli.doctor.machine import Machine
from server.cli.doctor.network import check_network
from server.settings import Settings


def check(machine: Machine | None = None, **settings: object) -> list[Finding]:
    return list(check_network(open_case(machine or Machine({}), Settings(**settings))))  # type: ignore[arg-type]


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def test_a_free_port(taken: int) -> None:
    assert [each.what for each in check(port=0)] == ["PORT=0: a free port is taken"]
    (finding,) = check(port=taken, host="127.0.0.2")
    assert (finding.status, finding.what) == ("ok", f"port {taken} of 127.0.0.2 is free")


def test_a_taken_port_and_who_has_it(taken: int) -> None:
    (finding,) = check(port=taken)
    assert finding.status == "problem"
    assert finding.what.startswith(f"port {taken} is held by process {os.getpid()}: ")
    assert finding.remedy == f"kill {os.getpid()}, or take another: export PORT={taken + 1}"


def test_the_service_itself_is_no_problem(tmp_path: Path) -> None:
    program = "import socket, sys; s = socket.create_server(('127.0.0.1', 0)); print(s.getsockname()[1], flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", program, "-m", "server", "serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as held:
        assert held.stdout
        port = int(held.stdout.readline())
        (finding,) = check(port=port)
        assert (finding.status, finding.what) == ("note", f"port {port} is held by this very service, process {held.pid}")
        (finding,) = check(Machine({}, tmp_path), port=port)  # where /proc tells nothing
        assert finding.what == f"port {port} of 127.0.0.1 is held by a process that this user cannot see"
        assert finding.remedy == f"sudo ss -ltnp 'sport = :{port}'"
        held.communicate()


def test_an_address_of_another_machine() -> None:
    (finding,) = check(host="192.0.2.1", insecure=True)
    assert finding.status == "problem"
    assert finding.what == "HOST is '192.0.2.1', and this machine has no such address"
    assert "--host 127.0.0.1" in finding.remedy


def test_keys(tmp_path: Path) -> None:
    _, finding = check(host="0.0.0.0", port=0)
    assert finding.status == "note"
    assert finding.what == "without an API key /evaluate and /admin are closed to other machines"
    assert len(check(host="0.0.0.0", port=0, api_key="secret")) == 1
    _, finding = check(port=0, api_key_file=tmp_path / "key")
    assert finding.status == "problem"
    assert finding.what == f"API_KEY_FILE: {tmp_path}/key cannot be read: [Errno 2] No such file or directory: '{tmp_path}/key'"
    subprocess.run(["sh", "-c", finding.remedy], check=True)
    assert len((tmp_path / "key").read_text().strip()) == 32
    assert len(check(port=0, api_key_file=tmp_path / "key")) == 1


def test_folders_to_evaluate_that_are_not_there(tmp_path: Path) -> None:
    _, finding = check(port=0, evaluation_roots=f"set={tmp_path}/gone")
    assert (finding.status, finding.what) == ("problem", f"EVALUATION_ROOTS: {tmp_path}/gone is not a folder")
    assert finding.remedy == "Name existing folders. Or none: export EVALUATION_ROOTS="
    assert len(check(port=0, evaluation_roots=f"set={tmp_path}")) == 1
