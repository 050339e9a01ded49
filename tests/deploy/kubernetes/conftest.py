import pytest

from tests.deploy.kubernetes.rendering import COMPONENTS, OVERLAYS, TOOLS, Object, rendered

WITHOUT = pytest.mark.skipif(not TOOLS.exists(), reason="kubectl has an environment of its own: make test-monitoring")


@pytest.fixture(scope="session", params=[pytest.param(overlay, marks=WITHOUT) for overlay in OVERLAYS])
def overlay(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="session")
def objects(overlay: str, tmp_path_factory: pytest.TempPathFactory) -> list[Object]:
    """An overlay with all components."""
    return rendered(tmp_path_factory.mktemp(overlay), overlay, COMPONENTS)


@pytest.fixture(scope="session")
def plain(overlay: str, tmp_path_factory: pytest.TempPathFactory) -> list[Object]:
    """An overlay by itself."""
    return rendered(tmp_path_factory.mktemp(overlay), overlay)
