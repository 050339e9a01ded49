"""Clients of the Open Inference Protocol, from their packages: Triton's and KServe's, over HTTP and gRPC (make test-oip)."""

import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.level_model import level_png, store_level_model
from tests.server.process import ServerProcess

FOLDER = Path(__file__).parent
ENVIRONMENTS = FOLDER.parents[1] / ".venv"
CLASSES = range(32)
TIMEOUT_S = 300


@pytest.fixture(scope="module")
def addresses(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """Of HTTP and of gRPC."""
    folder = tmp_path_factory.mktemp("store")
    store_level_model(folder)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with ServerProcess(model_store=folder, model="level", grpc_port=port) as server:
        yield server.url.removeprefix("http://"), f"127.0.0.1:{port}"


def client(program: str, environment: str, *marks: pytest.MarkDecorator) -> Any:
    """A program and its Python, skipped by name where that is not installed."""
    python = ENVIRONMENTS / environment / "bin/python"
    missing = pytest.mark.skipif(not python.exists(), reason=f"{program} has an environment of its own: make test-oip")
    return pytest.param(python, FOLDER / program, id=program, marks=(missing, *marks))


CLIENTS = [
    client("with_triton_http.py", "triton", pytest.mark.smoke),
    client("with_triton_grpc.py", "triton", pytest.mark.smoke),
    client("with_kserve.py", "kserve"),
]


@pytest.mark.parametrize(("python", "program"), CLIENTS)
def test_a_client_is_answered(python: Path, program: Path, addresses: tuple[str, str], tmp_path: Path) -> None:
    for number in CLASSES:
        (tmp_path / f"{number:02}.png").write_bytes(level_png(4 * number))
    command = [str(python), str(program), *addresses, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    assert (done.returncode, done.stdout.splitlines()[-1:]) == (0, ["all answered"]), done.stderr
