"""A folder for work that leaves nothing behind."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from convert.atc.work_folder import work_folder


def test_it_goes_when_the_work_ends(tmp_path: Path) -> None:
    with work_folder(tmp_path) as work:
        (work.path / "om").write_text("half")
        assert work.path.parent == tmp_path
    assert list(tmp_path.iterdir()) == []


def test_it_goes_when_the_work_fails(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), work_folder(tmp_path):
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_two_do_not_disturb_each_other(tmp_path: Path) -> None:
    with work_folder(tmp_path) as one, work_folder(tmp_path) as other:
        assert one.path != other.path
        assert one.path.is_dir()


def test_what_a_killed_process_left_is_cleared_away(tmp_path: Path) -> None:
    program = "import sys, time; from pathlib import Path; from convert.atc.work_folder import work_folder as f\n"
    program += "with f(Path(sys.argv[1])): print('up', flush=True); time.sleep(600)"
    with subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.readline()
        [left] = tmp_path.iterdir()
        with work_folder(tmp_path):
            assert left.exists()
        process.kill()
    (left / "deep").mkdir()
    with work_folder(tmp_path) as work:
        assert list(tmp_path.iterdir()) == [work.path]


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "file").write_text("kept")
    (tmp_path / "place").mkdir()
    (tmp_path / "place" / ".atc-link").symlink_to(tmp_path / "mine")
    began_s = time.monotonic()
    with work_folder(tmp_path / "place"):
        assert (tmp_path / "mine" / "file").read_text() == "kept"
    assert time.monotonic() - began_s < 5
