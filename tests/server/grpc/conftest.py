"""The server with the model `level`, once for each file."""

from collections.abc import Iterator

import pytest

from tests.server.grpc.served_grpc import ServedGrpc, served_grpc


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedGrpc]:
    with served_grpc(tmp_path_factory.mktemp("served")) as server:
        yield server
