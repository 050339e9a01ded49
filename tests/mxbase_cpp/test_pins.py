"""Versions and names that stand in two places are the same in both."""

import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_openvino_is_pinned_as_it_is_locked() -> None:
    """Another version would have a library of another name."""
    project = tomllib.loads((ROOT / "mxbase_cpp/pyproject.toml").read_text("utf-8"))["project"]
    (pin,) = project["dependencies"]
    assert f"\n{pin} \\\n" in (ROOT / "requirements.lock").read_text("utf-8")


def test_what_builds_it_is_pinned_as_it_is_locked() -> None:
    needed = tomllib.loads((ROOT / "mxbase_cpp/pyproject.toml").read_text("utf-8"))["build-system"]["requires"]
    assert needed == tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["dependency-groups"]["mxbase"]
    assert all(f"\n{pin} \\\n" in (ROOT / "requirements-mxbase.lock").read_text("utf-8") for pin in needed)
