"""Clients of the Open Inference Protocol, from their packages: Triton's and KServe's, over HTTP and gRPC (make test-oip)."""

import json
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import httpx
import numpy as np
import pytest

from tests.docs.markdown import ROOT, blocks
from tests.level_model import level_png, store_level_model, store_reversed_level_model
from tests.server.process import ServerProcess

FOLDER = Path(__file__).parent
ENVIRONMENTS = ROOT / ".venv"
PICTURES = 32
TIMEOUT_S = 300


@pytest.fixture(scope="module")
def addresses(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """Of HTTP and of gRPC. The store has a second model, to be loaded."""
    folder = tmp_path_factory.mktemp("store")
    store_level_model(folder)
    store_reversed_level_model(folder, "spare")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with ServerProcess(model_store=folder, models="level", model_control="explicit", grpc_port=port) as server:
        yield server.url.removeprefix("http://"), f"127.0.0.1:{port}"


def write_pictures(folder: Path) -> None:
    """JPEGs whose names are their classes. Their levels differ a little from that of the class, and their lower halves are noise."""
    chance = np.random.default_rng(23)
    for number in range(PICTURES):
        pixels = np.full((48, 48), 4 * number + number % 2, np.uint8)
        pixels[24:] = chance.integers(256, size=(24, 48))
        (folder / f"{number:02}.jpg").write_bytes(cv2.imencode(".jpg", pixels)[1].tobytes())


def check_answers(printed: str, ways: set[str], folder: Path, url: str, **headers: str) -> None:
    """Whether each picture got its own answer, that of /classify, in each of the ways in which it was asked for."""
    answers = json.loads(printed)
    assert answers.keys() == ways
    for number in range(PICTURES):
        reply = httpx.post(f"{url}/classify", content=(folder / f"{number:02}.jpg").read_bytes(), headers=headers)
        best = reply.json()["predictions"]
        assert best[0]["class_id"] == number
        for way in ways:
            found = answers[way][number]
            assert found["classes"] == [each["class_id"] for each in best], (way, number)
            assert found["labels"] == [each["label"] for each in best]
            assert found["probabilities"] == pytest.approx([each["score"] for each in best], rel=1e-6)


def client(program: str, environment: str, ways: set[str], *marks: pytest.MarkDecorator) -> Any:
    """A program and its Python, skipped by name where that is not installed."""
    python = ENVIRONMENTS / environment / "bin/python"
    missing = pytest.mark.skipif(not python.exists(), reason=f"{program} has an environment of its own: make test-oip")
    return pytest.param(python, program, ways, id=program, marks=(missing, *marks))


CLIENTS = [
    client("with_triton_http.py", "triton", {"sync", "async", "aio"}, pytest.mark.smoke),
    client("with_triton_grpc.py", "triton", {"sync", "async", "aio", "stream"}, pytest.mark.smoke),
    client("with_kserve.py", "kserve", {"rest", "grpc"}),
]


@pytest.mark.parametrize(("python", "program", "ways"), CLIENTS)
def test_a_client_is_answered(python: Path, program: str, ways: set[str], addresses: tuple[str, str], tmp_path: Path) -> None:
    write_pictures(tmp_path)
    command = [str(python), str(FOLDER / program), *addresses, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    assert done.returncode == 0, done.stderr
    check_answers(done.stdout, ways, tmp_path, f"http://{addresses[0]}")


@pytest.mark.smoke
@pytest.mark.skipif(not (ENVIRONMENTS / "triton").exists(), reason="Triton's client has an environment of its own: make test-oip")
def test_the_program_of_the_page_runs(addresses: tuple[str, str], tmp_path: Path) -> None:
    [text] = [block.text for block in blocks(ROOT / "docs/oip.md") if block.language == "python"]
    for shown, real in (("localhost:8000", addresses[0]), ("efficientnet_lite0", "level")):
        assert shown in text
        text = text.replace(shown, real)
    (tmp_path / "photo.jpg").write_bytes(level_png(40))
    command = [str(ENVIRONMENTS / "triton/bin/python"), "-c", text]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    assert done.returncode == 0, done.stderr
    assert ":10:level 40'" in done.stdout
