"""The application with the model `level`, once for these tests."""

from collections.abc import Iterator

import pytest

from tests.server.oip.served_app import ServedApp, served_app


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedApp]:
    with served_app(tmp_path_factory.mktemp("served")) as app:
        yield app
