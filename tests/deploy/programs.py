"""Debian's programs that the tests of deploying run; where one is absent its tests are skipped."""

import shutil

import pytest


def needs(program: str, package: str) -> pytest.MarkDecorator:
    """Skip what runs a program that is not installed."""
    return pytest.mark.skipif(not shutil.which(program), reason=f"{program} is not installed (Debian: {package})")


needs_compose = needs("docker-compose", "docker-compose")
needs_prometheus = needs("prometheus", "prometheus")
