"""Two servers with a small real model, for all scenarios: one is open and has small limits, one has a key."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from convert.prepare import prepare
from models.store import ModelStore
from tests.level_model import store_level_model
from tests.remedies.scenario import API_KEY, MAX_CONNECTIONS, MAX_UPLOAD_BYTES, Place
from tests.server.evaluation.level_sets import make_level_set
from tests.server.process import ServerProcess


@pytest.fixture(scope="session")
def level_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("store")
    store_level_model(root)
    prepare("resnext_digits", ModelStore(root))
    return root


@pytest.fixture(scope="session")
def open_server(tmp_path_factory: pytest.TempPathFactory, level_store: Path) -> Iterator[ServerProcess]:
    sets = tmp_path_factory.mktemp("sets")
    roots = f"val={make_level_set(sets / 'val', 20).folder},long={make_level_set(sets / 'long', 8000).folder}"
    limits: dict[str, Any] = {
        "max_body_bytes": 300_000,
        "max_image_pixels": 1_000_000,
        "client_timeout_s": 1,
        "max_connections": MAX_CONNECTIONS,
        "max_upload_bytes": MAX_UPLOAD_BYTES,
    }
    with ServerProcess(model_store=level_store, model="level", evaluation_roots=roots, **limits) as server:
        yield server


@pytest.fixture(scope="session")
def keyed_server(level_store: Path) -> Iterator[ServerProcess]:
    with ServerProcess(model_store=level_store, model="level", api_key=API_KEY) as server:
        yield server


@pytest.fixture
def place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, level_store: Path, open_server: ServerProcess, keyed_server: ServerProcess
) -> Place:
    """The place of one scenario; its store is a copy."""
    shutil.copytree(level_store, tmp_path / "store")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MODEL_STORE", "store")
    monkeypatch.setenv("EVALUATION_DIR", "evaluations")
    return Place(tmp_path, open_server, keyed_server)
