"""One cluster of two nodes with two faked chips each, for the whole run: it takes twenty seconds to start."""

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from server.ray.ray_cluster import RayCluster
from tests.level_model import store_level_model
from tests.ray.cluster import TestCluster, eventually

if not find_spec("ray"):
    collect_ignore_glob = ["test_*.py"]  # Ray has an environment of its own: make test-ray

LEVEL = {"model": "level", "window": 16, "drain_s": 5}


@pytest.fixture(scope="session")
def nodes() -> Iterator[TestCluster]:
    with TestCluster() as cluster:
        yield cluster


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with the level model, which the tests renew."""
    folder = tmp_path_factory.mktemp("store")
    store_level_model(folder)
    return folder


@pytest.fixture(scope="session")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The config file of Serve."""
    return tmp_path_factory.mktemp("config") / "serve.yaml"


@pytest.fixture
def four(nodes: TestCluster, store: Path, file: Path) -> RayCluster:
    """The level model on all four chips, a replica each."""
    nodes.up(file, "--chips", 1, "--least", 4, "--most", 4, **LEVEL, model_store=store)
    cluster = RayCluster(nodes.address)
    eventually(cluster.replicas, lambda told: len(told) == 4)
    return cluster
