"""Every wheel of the images is there for arm64 too, and on Ascend for the oldest glibc: fetched and checked by their hashes, not run."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.image.builder import ROOT

DEBIAN_12, OLDEST_BASE = 36, 28  # glibc 2.…


@pytest.mark.parametrize(
    ("lock", "glibc", "machine"),
    [
        ("requirements.lock", DEBIAN_12, "aarch64"),
        ("requirements-image.lock", OLDEST_BASE, "aarch64"),
        ("requirements-ascend.lock", OLDEST_BASE, "aarch64"),
        ("requirements-ascend.lock", OLDEST_BASE, "x86_64"),
    ],
)
def test_there_are_wheels(lock: str, glibc: int, machine: str, tmp_path: Path) -> None:
    platforms = [f"--platform=manylinux2014_{machine}", *(f"--platform=manylinux_2_{minor}_{machine}" for minor in range(5, glibc + 1))]
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes", "--only-binary=:all:", *platforms]
    python = ["--python-version=3.11", "--implementation=cp", "--abi=cp311", "--abi=abi3", "--abi=none"]
    done = subprocess.run(
        [*command, *python, f"--dest={tmp_path}", f"--requirement={ROOT / lock}"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert any(machine in path.name for path in tmp_path.iterdir())


@pytest.mark.smoke
def test_the_ascend_lock_is_a_part_of_the_lock() -> None:
    """The image for Ascend serves the wheels that were tested."""
    whole = (ROOT / "requirements.lock").read_text()
    hashes = [word for word in (ROOT / "requirements-ascend.lock").read_text().split() if word.startswith("--hash=")]
    assert hashes
    assert all(word in whole for word in hashes)
