"""A real server with the small model, for what is done to it."""

from collections.abc import Iterator

import pytest

from tests.level_model import store_level_model
from tests.server.process import ServerProcess


@pytest.fixture(scope="package")
def level_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server with the level model and the default limits, which ends well, too."""
    folder = tmp_path_factory.mktemp("level_store")
    store_level_model(folder)
    with ServerProcess(model_store=folder, model="level") as server:
        yield server
        assert server._process.poll() is None
