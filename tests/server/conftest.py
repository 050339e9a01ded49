"""Real servers, started once: one with the default model, one with the engine that needs none."""

from collections.abc import Iterator

import pytest

from models.store import ModelStore
from tests.server.process import ServerProcess


@pytest.fixture(scope="session")
def live_server(model_store: ModelStore) -> Iterator[ServerProcess]:
    """The server as `make serve` starts it, with the default model."""
    with ServerProcess(model_store=model_store.root) as server:
        yield server


@pytest.fixture(scope="session")
def keyed_server() -> Iterator[ServerProcess]:
    """A server that asks for the key `s3cret`."""
    with ServerProcess(engines="fake", api_key="s3cret") as server:
        yield server


@pytest.fixture(scope="session")
def fake_server() -> Iterator[ServerProcess]:
    """A server whose engine has no model; small limits, so that they can be met."""
    with ServerProcess(engines="fake", max_body_bytes=300_000, max_image_pixels=1_000_000, max_batch_items=4) as server:
        yield server
