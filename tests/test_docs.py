"""That the docs tell everything."""

import re
import tomllib
from importlib.metadata import version

import pytest

from models.model_errors import ClassifyError
from server.settings import Settings
from server.telemetry.metrics import Metrics
from tests.test_house_rules import OFFLINE, ROOT, SOURCES, is_below, module_name

README = (ROOT / "README.md").read_text("utf-8")


def error_codes(root: type[ClassifyError] = ClassifyError) -> set[str]:
    return {root.code}.union(*(error_codes(child) for child in root.__subclasses__()))


def test_every_setting_is_in_the_readme() -> None:
    assert [name for name in Settings.model_fields if f"`{name.upper()}`" not in README] == []


def test_every_metric_is_in_the_readme() -> None:
    names = {family.name for family in Metrics().registry.collect() if family.name.startswith("classify_")}
    assert sorted(name for name in names if f"`{name}" not in README) == []


def test_every_error_code_is_in_the_readme() -> None:
    for path in SOURCES:  # so that the tree is complete
        module = module_name(path)
        if path.stem != "__main__" and (not is_below(module, OFFLINE) or path.stem.endswith("_errors")):
            __import__(module)
    assert sorted(code for code in error_codes() - {"error"} if f"`{code}`" not in README) == []


@pytest.mark.parametrize(
    "route",
    [
        "POST /classify",
        "POST /classify/batch",
        "POST /evaluate",
        "GET /evaluate",
        "GET /health/live",
        "GET /health/ready",
        "GET /metrics",
        "GET /info",
        "GET /docs",
        "GET /",
    ],
)
def test_every_route_is_in_the_readme(route: str) -> None:
    assert f"`{route}`" in README


def test_every_link_of_the_readme_leads_somewhere() -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", README)
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_the_changelog_knows_this_version() -> None:
    assert f"## {version('ascend-classify')} " in (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"] == version("ascend-classify")
