"""A network that MindSpore exported, imported into a store and served over HTTP."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from models.training.listing import Listing
from tests.server.process import NEW_PROCESS, ServerProcess


@contextmanager
def served(network: Path, *options: str) -> Iterator[ServerProcess]:
    """A server of an ONNX file; `options` are those of `convert import`."""
    store = network.parent / "served"
    command = [sys.executable, "-m", "server", "convert", "import", network, "served", *options, "--model-store", store]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    with ServerProcess(python=NEW_PROCESS, model="served", model_store=store) as server:
        yield server


def classify_with(server: ServerProcess, images: list[Path], query: str) -> list[dict[str, Any]]:
    """The whole answers to these images, asked with a query."""
    return [server.client.post(f"/classify?{query}", content=image.read_bytes()).json() for image in images]


def classify(server: ServerProcess, listing: Listing) -> list[list[dict[str, Any]]]:
    """The predictions of every image of a listing, best first."""
    answers = [server.client.post("/classify", content=listing.path(index).read_bytes()) for index in range(len(listing))]
    return [answer.json()["predictions"] for answer in answers]
