"""That the links of the README lead somewhere, and the changelog knows the version. What the pages must tell: tests/docs."""

import re
import tomllib
from importlib.metadata import version

from tests.test_house_rules import ROOT

README = (ROOT / "README.md").read_text("utf-8")


def test_every_link_of_the_readme_leads_somewhere() -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", README)
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_the_changelog_knows_this_version() -> None:
    assert f"## {version('ascend-classify')} " in (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"] == version("ascend-classify")
