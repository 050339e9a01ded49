"""The versions agree, and deploy/release.sh says how it is used. `make test-release` runs it and looks at what it made."""

import re
import subprocess
import tomllib

import pytest

from tests.deploy.places import DEPLOY, ROOT

PARTS = ("pyproject.toml", "clients/python/pyproject.toml", "mxbase_cpp/pyproject.toml")


def test_all_parts_have_one_version_which_the_changelog_tells() -> None:
    versions = {tomllib.loads((ROOT / part).read_text("utf-8"))["project"]["version"] for part in PARTS}
    told = re.search(r"^## (\d+\.\d+\.\d+) \(\d{4}-\d\d-\d\d\)$", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert told
    assert versions == {told[1]}
    labels = re.findall(r'image\.version="([^"]*)"', (ROOT / "Dockerfile.infer").read_text("utf-8"))
    assert set(labels) == versions
    assert len(labels) == 3


@pytest.mark.parametrize("words", [(), ("folder",)])
def test_it_says_how_it_is_used(words: tuple[str, ...]) -> None:
    done = subprocess.run([str(DEPLOY / "release.sh"), *words], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("Usage: deploy/release.sh FOLDER PYTHON TOOLS\n")
