"""Clients for real, each from its package and as a small program: what they send is answered rightly."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.level_model import level_png, store_level_model
from tests.server.process import ServerProcess

FOLDER = Path(__file__).parent
OWN_PYTHON = FOLDER.parents[1] / ".venv/clients/bin/python"
TIMEOUT_S = 300
CLASS_ID = 22


@dataclass(frozen=True)
class Client:
    """A program of this folder, what runs it, and how that is installed."""

    program: str
    command: tuple[str, ...]
    install: str
    smoke: bool = False

    @property
    def is_installed(self) -> bool:
        """Whether its program can run here."""
        return shutil.which(self.command[0]) is not None


CLIENTS = (
    Client("with_urllib.py", (sys.executable,), "", smoke=True),
    Client("with_httpx.py", (sys.executable,), "", smoke=True),
    Client("with_curl.sh", ("curl",), "apt install curl", smoke=True),
    Client("with_wget.sh", ("wget",), "apt install wget", smoke=True),
    Client("with_requests.py", (str(OWN_PYTHON),), "make test-clients"),
    Client("with_aiohttp.py", (str(OWN_PYTHON),), "make test-clients"),
    Client("with_fetch.mjs", ("node",), "apt install nodejs"),
    Client("WithHttpClient.java", ("javac",), "apt install default-jdk-headless"),
    Client("with_net_http.go", ("go",), "apt install golang-go"),
)
RUN = {".py": (), ".sh": ("bash",), ".mjs": ("node",), ".java": ("java",), ".go": ("go", "run")}


def parameter(client: Client) -> Any:
    """The client, skipped by name where it is not installed."""
    reason = f"{client.program} needs {client.command[0]}: {client.install}"
    marks = [pytest.mark.skipif(not client.is_installed, reason=reason), *([pytest.mark.smoke] if client.smoke else [])]
    return pytest.param(client, id=Path(client.program).stem, marks=marks)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    folder = tmp_path_factory.mktemp("store")
    store_level_model(folder)
    with ServerProcess(model_store=folder, model="level") as server:
        yield server


@pytest.mark.parametrize("client", [parameter(client) for client in CLIENTS])
def test_a_client_is_answered(client: Client, server: ServerProcess, tmp_path: Path) -> None:
    image, damaged = tmp_path / "image.png", tmp_path / "damaged.png"
    image.write_bytes(level_png(4 * CLASS_ID))
    damaged.write_bytes(level_png(4 * CLASS_ID)[:-20])
    command = RUN[Path(client.program).suffix] or client.command
    done = subprocess.run(
        [*command, FOLDER / client.program, server.url, image, damaged],
        env=os.environ | {"GOCACHE": str(tmp_path / "go"), "GO111MODULE": "off"},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answers = {name: (int(status), json.loads(body)) for name, status, body in (line.split(" ", 2) for line in done.stdout.splitlines())}
    assert {name: status for name, (status, _) in answers.items()} == {"form": 200, "raw": 200, "json": 200, "batch": 200, "error": 415}
    good, refused = answers["batch"][1]["results"]
    for answer in (answers["form"][1], answers["raw"][1], answers["json"][1], good):
        assert answer["predictions"][0]["class_id"] == CLASS_ID
        assert len(answer["predictions"]) == 3
    assert refused["code"] == "undecodable_image"
    assert answers["error"][1]["code"] == "unsupported_image"


@pytest.mark.smoke
def test_the_page_of_the_api_names_every_client() -> None:
    page = (FOLDER.parents[1] / "docs/api.md").read_text("utf-8")
    assert [client.program for client in CLIENTS if f"(../tests/clients/{client.program})" not in page] == []
    assert {path.name for path in FOLDER.glob("[wW]ith*")} == {client.program for client in CLIENTS}
