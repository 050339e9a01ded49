"""The programs that the tests of deploying run; where one is absent its tests are skipped."""

import shutil

import pytest

from tests.deploy.places import COMPOSE_V2


def needs(program: str, package: str) -> pytest.MarkDecorator:
    """Skip what runs a program that is not installed."""
    return pytest.mark.skipif(not shutil.which(program), reason=f"{program} is not installed (Debian: {package})")


needs_compose = pytest.mark.skipif(not COMPOSE_V2.exists(), reason="Docker Compose is not here (make .venv/compose/docker-compose)")
needs_prometheus = needs("prometheus", "prometheus")
