import shutil
import threading
import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event

import httpx
import pytest

from models.store import sha256_of
from tests.image.builder import ROOT, Builder
from tests.image.container import Container

CLIENTS = 8
EGYPTIAN_CAT = 285


@pytest.fixture(scope="module")
def container(builder: Builder, cpu: str, models: Path) -> Iterator[Container]:
    with Container(builder, cpu, models=models) as container:
        container.wait_ready()
        yield container


@pytest.mark.smoke
def test_it_answers(container: Container, cat: bytes) -> None:
    response = container.client.post("/classify", content=cat, headers={"Content-Type": "image/png"})
    assert response.status_code == 200
    assert response.json()["predictions"][0]["class_id"] == EGYPTIAN_CAT


def test_it_is_not_root_on_a_root_that_is_read_only(container: Container) -> None:
    assert container.run("id", "-u").stdout.strip() == "9000"
    for folder in ("/", "/opt/ascend-classify", "/etc/ascend-classify", "/models", "/usr/bin"):
        assert "Read-only" in container.run("touch", f"{folder}/written").stderr
    for folder in (
        container.environment["TMPDIR"],
        container.environment["HOME"],
        str(Path(container.environment["EVALUATION_DIR"]).parent),
    ):
        assert container.run("touch", f"{folder}/written").returncode == 0


def test_the_first_process_is_the_init(container: Container) -> None:
    assert Path(f"/proc/{container.first}/comm").read_text().strip() == "tini"


def test_it_holds_no_model_and_no_compiler(container: Container) -> None:
    weights = [path for ending in ("onnx", "om", "pth", "pt", "ckpt", "safetensors") for path in container.tree.rglob(f"*.{ending}")]
    assert weights == []
    for name in ("gcc", "g++", "cc", "cmake", "ninja", "pip", "make"):
        assert not list(container.tree.glob(f"usr/bin/{name}*")) + list(container.tree.glob(f"opt/ascend-classify/bin/{name}*"))


def test_its_configuration(builder: Builder, cpu: str) -> None:
    config = builder.config(cpu)
    assert config["User"] == "9000:9000"
    assert config["StopSignal"] == "SIGTERM"
    assert set(config["ExposedPorts"]) == {"8000/tcp"}
    assert set(config["Volumes"]) == {"/tmp", "/var/lib/ascend-classify"}  # noqa: S108
    assert config["Healthcheck"]["Test"][-1] == "/opt/ascend-classify/healthcheck.py"
    labels = config["Labels"]
    assert labels["org.opencontainers.image.version"] == tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert labels["org.opencontainers.image.licenses"] == "Apache-2.0"


def send_until_nobody_listens(url: str, image: bytes, under_way: Event) -> list[int]:
    codes: list[int] = []
    with httpx.Client(base_url=url, timeout=30) as client:
        while True:
            try:
                codes.append(client.post("/classify", content=image, headers={"Content-Type": "image/png"}).status_code)
            except httpx.ConnectError:
                return codes
            if len(codes) > 2:
                under_way.set()


def test_it_drains(builder: Builder, cpu: str, models: Path, cat: bytes) -> None:
    """Every request that was taken is answered: any other error than an address on which nobody listens fails the test."""
    under_way = Event()
    with Container(builder, cpu, models=models) as server, ThreadPoolExecutor(CLIENTS) as clients:
        server.wait_ready()
        sent = [clients.submit(send_until_nobody_listens, str(server.client.base_url), cat, under_way) for _ in range(CLIENTS)]
        assert under_way.wait(30)
        server.stop()
        code, words = server.finish()
        answers = [answer for future in sent for answer in future.result()]
    assert code == 0, words
    assert answers.count(200) > CLIENTS
    assert set(answers) <= {200, 503}


def test_models_are_fetched_with_its_python(container: Container, models: Path, tmp_path: Path) -> None:
    """By the init step of deploy/kubernetes, which has no other Python and no other certificates."""
    archive = shutil.make_archive(str(tmp_path / "models"), "tar", models)
    program = (ROOT / "deploy/kubernetes/components/model-archive/fetch_models.py").read_text("utf-8")
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=str(tmp_path))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        own = f"URL=http://127.0.0.1:{server.server_port}/models.tar", f"SHA256={sha256_of(Path(archive))}"
        folder = f"{container.environment['HOME']}/fetched"
        assert container.run("mkdir", folder).returncode == 0
        done = container.run("env", *own, "python", "-I", "-c", program, folder)
        server.shutdown()
    assert (done.returncode, done.stdout) == (0, "Models: efficientnet_lite0\n"), done.stderr


def test_the_health_check_tells_of_a_server_that_is_not_ready(builder: Builder, cpu: str) -> None:
    with Container(builder, cpu, "models", "list") as container:
        assert container.health() != 0
