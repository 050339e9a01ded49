"""A client that a tool makes of the OpenAPI document works as it is; so does the package of this project, installed from its folder."""

import subprocess
from pathlib import Path

import pytest

from tests.clients.test_clients import OWN_PYTHON
from tests.level_model import level_png, store_level_model
from tests.server.process import ServerProcess

pytestmark = pytest.mark.skipif(not OWN_PYTHON.exists(), reason="the tools have an environment of their own: make test-clients")

CONFIG = "package_name_override: generated_client\npost_hooks: []\n"
GENERATED = """
import io, sys
from generated_client import Client
from generated_client.api.classification import classify, classify_batch
from generated_client.api.service import info
from generated_client.models import ClassifyBatchFilesBody, ClassifyFilesBody, Error
from generated_client.types import File

client, image = Client(base_url=sys.argv[1]), open(sys.argv[2], "rb").read()
whole = classify.sync(client=client, body=File(io.BytesIO(image)), top_k=2)
form = classify.sync(client=client, body=ClassifyFilesBody(image=File(io.BytesIO(image), "image.png", "image/png")))
batch = classify_batch.sync(client=client, body=ClassifyBatchFilesBody(image=[File(io.BytesIO(image), "image.png", "image/png")]))
refused = classify.sync(client=client, body=File(io.BytesIO(b"not an image")))
assert isinstance(refused, Error) and refused.code == "unsupported_image", refused
assert info.sync(client=client).model == "level"
print(*(answer.predictions[0].class_id for answer in (whole, form, batch.results[0])))
"""
OURS = """
import sys
from ascend_classify_client import Client
import ascend_classify_client
assert "site-packages" in ascend_classify_client.__file__
with Client(sys.argv[1]) as client:
    print(client.classify(sys.argv[2]).best.class_id)
"""


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "image.png"
    path.write_bytes(level_png(40))
    return path


def run(server: ServerProcess, program: str, image: Path) -> str:
    done = subprocess.run(
        [OWN_PYTHON, "-c", program, server.url, image], cwd=image.parent, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_they_are_answered(image: Path, tmp_path: Path) -> None:
    store_level_model(tmp_path / "store")
    (tmp_path / "config.yaml").write_text(CONFIG)
    with ServerProcess(model_store=tmp_path / "store", model="level") as server:
        command = [str(OWN_PYTHON.with_name("openapi-python-client")), "generate", "--url", f"{server.url}/openapi.json"]
        done = subprocess.run(
            [*command, "--config", "config.yaml", "--meta", "none"], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, done.stderr
        subprocess.run([OWN_PYTHON, "-m", "compileall", "-q", "generated_client"], cwd=tmp_path, check=True)
        assert run(server, GENERATED, image) == "10 10 10"
        assert run(server, OURS, image) == "10"
