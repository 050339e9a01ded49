"""deploy/bundle.sh, with a lock of one package and a stand-in for docker: what it packs is installed without an index."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.deploy.places import DEPLOY, ROOT
from tests.level_model import store_level_model

PACKAGE = "h11"
DOCKER = """#!/bin/sh
case "$1 $2" in
  "version ") exit 0 ;;
  "image inspect") [ "$3" = ascend-classify:tools ] ;;
  "save --output") echo "the layers of $4" > "$3" ;;
esac
"""


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder, and what the script printed."""
    folder = tmp_path_factory.mktemp("bundle")
    (folder / "bin").mkdir()
    (folder / "bin/docker").write_text(DOCKER)
    (folder / "bin/docker").chmod(0o755)
    store_level_model(folder / "store")
    whole = (ROOT / "requirements.lock").read_text("utf-8")
    entry = re.search(rf"^{PACKAGE}==.*(?:\n +.*)*", whole, re.MULTILINE)
    assert entry
    (folder / "one.lock").write_text(entry[0])
    environment = os.environ | {
        "PATH": f"{folder / 'bin'}:{os.environ['PATH']}",
        "LOCKS": str(folder / "one.lock"),
        "MODEL_STORE": str(folder / "store"),
    }
    command = [str(DEPLOY / "bundle.sh"), str(folder / "out"), sys.executable]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return folder / "out", done.stdout + done.stderr


def test_it_holds_everything_and_says_what_is_missing(bundle: tuple[Path, str]) -> None:
    folder, printed = bundle
    assert {path.name for path in folder.iterdir()} == {"source.tar.gz", "wheels", "images", "models", "SHA256SUMS"}
    assert [path.name for path in (folder / "images").iterdir()] == ["ascend-classify_tools.tar"]
    assert "Docker has no image ascend-classify:ascend" in printed
    assert (folder / "models/level/manifest.toml").is_file()
    assert {path.name.partition("-")[0] for path in (folder / "wheels").iterdir()} == {PACKAGE, "ascend_classify"}


def test_the_sums_are_right(bundle: tuple[Path, str]) -> None:
    subprocess.run(["sha256sum", "--check", "--quiet", "--strict", "SHA256SUMS"], cwd=bundle[0], check=True)
    listed = {line.split("  ")[1] for line in (bundle[0] / "SHA256SUMS").read_text().splitlines()}
    assert listed == {f"./{path.relative_to(bundle[0])}" for path in bundle[0].rglob("*") if path.is_file()} - {"./SHA256SUMS"}


def test_the_wheels_are_installed_without_an_index(bundle: tuple[Path, str], tmp_path: Path) -> None:
    options = ["--quiet", "--no-index", "--no-deps", "--find-links", f"{bundle[0]}/wheels", "--target", f"{tmp_path}/site"]
    lock = bundle[0].parent / "one.lock"
    subprocess.run([sys.executable, "-m", "pip", "install", *options, "--require-hashes", "-r", str(lock)], check=True)
    subprocess.run([sys.executable, "-m", "pip", "install", *options, "ascend-classify"], check=True)
    assert (tmp_path / "site/h11/__init__.py").is_file()
    assert (tmp_path / "site/server/cli/command_line.py").is_file()
