"""A fixture for tests whose subject is not the start of an engine process."""

from collections.abc import Iterator

import pytest

from tests.server.engines.forked_child import forked


@pytest.fixture(scope="module")
def forked_children() -> Iterator[None]:
    """Engine processes are forked from one that has imported everything. A test with the real start: process/test_engine_process.py."""
    with forked():
        yield
