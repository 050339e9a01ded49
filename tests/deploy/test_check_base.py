"""check_base.sh, with a stand-in for getconf."""

import os
import subprocess
from pathlib import Path

import pytest

CHECK = Path(__file__).parents[2] / "deploy/check_base.sh"


def check(folder: Path, glibc: str, uid: int, sdk: str) -> subprocess.CompletedProcess[str]:
    getconf = folder / "getconf"
    getconf.write_text(f"#!/bin/sh\necho glibc {glibc}\n")
    getconf.chmod(0o755)
    environment = {"PATH": f"{folder}:{os.environ['PATH']}", "MX_SDK_HOME": sdk}
    return subprocess.run([CHECK, str(uid)], env=environment, capture_output=True, text=True, timeout=30, check=False)


@pytest.fixture
def sdk(tmp_path: Path) -> str:
    (tmp_path / "sdk/include/MxBase").mkdir(parents=True)
    if os.getuid() == 0:
        os.chown(tmp_path / "sdk", 9000, 9000)
    return str(tmp_path / "sdk")


def owner(sdk: str) -> int:
    return Path(sdk).stat().st_uid


@pytest.mark.parametrize("glibc", ["2.27", "2.28", "2.100"])
def test_a_base_that_will_do(tmp_path: Path, sdk: str, glibc: str) -> None:
    assert check(tmp_path, glibc, owner(sdk), sdk).stderr == ""


@pytest.mark.parametrize("glibc", ["2.26", "2.17", "2.3"])
def test_an_old_glibc(tmp_path: Path, sdk: str, glibc: str) -> None:
    result = check(tmp_path, glibc, owner(sdk), sdk)
    assert result.returncode == 1
    assert f"glibc >= 2.27; this one has glibc {glibc}." in result.stderr


def test_no_sdk(tmp_path: Path) -> None:
    assert "MX_SDK_HOME (not set) holds no include/MxBase" in check(tmp_path, "2.31", 9000, "").stderr


def test_users(tmp_path: Path, sdk: str) -> None:
    assert f"build with --build-arg RUN_UID={owner(sdk)}." in check(tmp_path, "2.31", owner(sdk) + 1, sdk).stderr
    assert "does not run as root" in check(tmp_path, "2.31", 0, sdk).stderr
