import subprocess
import sys
from pathlib import Path

import pytest

from models.training.modelarts.object_store import download, upload
from models.training.training_errors import ConfigInvalid, TrainingError

# Stands in for ModelArts' library: the bucket is a folder.
MOXING = """
import shutil
from pathlib import Path

BUCKET = Path({bucket!r})


def _local(path):
    return BUCKET / path.removeprefix("obs://") if path.startswith("obs://") else Path(path)


class file:
    @staticmethod
    def is_directory(path):
        return _local(path).is_dir()

    @staticmethod
    def copy(source, target):
        shutil.copy(_local(source), _local(target))

    @staticmethod
    def copy_parallel(source, target):
        with (BUCKET / "log").open("a") as log:
            log.write(f"{{source}} {{target}}\\n")
        shutil.copytree(_local(source), _local(target), dirs_exist_ok=True)
"""


def write_moxing(folder: Path, bucket: Path) -> Path:
    folder.mkdir()
    (folder / "moxing.py").write_text(MOXING.format(bucket=str(bucket)))
    return folder


@pytest.fixture
def bucket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "bucket/jobs/data").mkdir(parents=True)
    (tmp_path / "bucket/jobs/data/1.txt").write_text("one")
    monkeypatch.syspath_prepend(write_moxing(tmp_path / "moxing", tmp_path / "bucket"))
    monkeypatch.delitem(sys.modules, "moxing", raising=False)
    return tmp_path / "bucket"


def test_down_once_and_up(bucket: Path, tmp_path: Path) -> None:
    for _ in range(2):
        assert download("obs://jobs/data", tmp_path / "cache/data") == tmp_path / "cache/data"
    assert (tmp_path / "cache/data/1.txt").read_text() == "one"
    upload(tmp_path / "cache/data", "obs://jobs/out")
    assert (bucket / "jobs/out/1.txt").read_text() == "one"
    assert len((bucket / "log").read_text().splitlines()) == 2


def test_another_job_on_the_same_node_fetches_its_own(bucket: Path, tmp_path: Path) -> None:
    (bucket / "jobs/other").mkdir()
    (bucket / "jobs/other/2.txt").write_text("two")
    download("obs://jobs/data", tmp_path / "data")
    download("obs://jobs/other", tmp_path / "data")
    assert (tmp_path / "data/2.txt").read_text() == "two"
    assert not (tmp_path / "data/1.txt").exists()


def test_a_file(bucket: Path, tmp_path: Path) -> None:
    download("obs://jobs/data/1.txt", tmp_path / "checkpoint")
    assert (tmp_path / "checkpoint/1.txt").read_text() == "one"
    download(str(bucket / "jobs/data/1.txt"), tmp_path / "local")
    assert (tmp_path / "local/1.txt").read_text() == "one"


def test_several_processes_copy_once(bucket: Path, tmp_path: Path) -> None:
    call = "import pathlib as p, sys; from models.training.modelarts import object_store as o; o.download(sys.argv[1], p.Path(sys.argv[2]))"
    root = str(Path(__file__).parents[4])
    environment = {"PYTHONPATH": f"{root}:{tmp_path / 'moxing'}"}
    processes = [
        subprocess.Popen([sys.executable, "-c", call, "obs://jobs/data", str(tmp_path / "cache/data")], env=environment) for _ in range(4)
    ]
    assert [process.wait(timeout=60) for process in processes] == [0] * 4
    assert len((bucket / "log").read_text().splitlines()) == 1


def test_a_place_that_is_not_there(bucket: Path, tmp_path: Path) -> None:
    assert bucket.is_dir()
    with pytest.raises(TrainingError, match=r"obs://jobs/nowhere could not be copied to .*data: .*No such file"):
        download("obs://jobs/nowhere", tmp_path / "data")
    assert not (tmp_path / "data.finished").exists()


def test_no_moxing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "moxing", None)
    with pytest.raises(ConfigInvalid, match=r"obs://jobs/data is in OBS, but the package moxing is not installed here"):
        download("obs://jobs/data", tmp_path / "data")


def test_folders_of_this_machine(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data/1.txt").write_text("one")
    upload(download(str(tmp_path / "data"), tmp_path / "cache"), str(tmp_path / "out"))
    assert (tmp_path / "out/1.txt").read_text() == "one"
