"""That the docs tell everything."""

import tomllib
from importlib.metadata import version

from tests.test_house_rules import ROOT


def test_the_changelog_knows_this_version() -> None:
    assert f"## {version('ascend-classify')} " in (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"] == version("ascend-classify")
