"""deploy/with_sdk.sh: the environment of the SDK, and a home that its user owns."""

import os
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "deploy/with_sdk.sh"


def home_in(folder: Path) -> str:
    """The home that a program gets."""
    environment = {"PATH": os.environ["PATH"], "MX_SDK_HOME": str(folder / "sdk"), "HOME": str(folder / "state")}
    command = [str(SCRIPT), "sh", "-c", "printf %s $HOME"]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=30).stdout


def test_a_home_of_its_own_stays(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    assert home_in(tmp_path) == str(tmp_path / "state")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_in_a_folder_of_another_user_it_makes_one(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    os.chown(tmp_path / "state", 9000, 9000)
    for _ in range(2):
        assert home_in(tmp_path) == str(tmp_path / "state/home")
    assert (tmp_path / "state/home").stat().st_uid == 0
