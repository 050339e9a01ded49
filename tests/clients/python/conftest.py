from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.level_model import store_level_model
from tests.server.process import ServerProcess


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("store")
    store_level_model(folder)
    return folder


@pytest.fixture(scope="session")
def server(store: Path) -> Iterator[ServerProcess]:
    with ServerProcess(model_store=store, model="level") as server:
        yield server
