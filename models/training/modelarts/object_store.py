"""Copies folders from and to OBS with ModelArts' own `moxing` if it is installed; copies local paths directly."""

import fcntl
import shutil
from collections.abc import Callable
from pathlib import Path

from models.training.training_errors import ConfigInvalid, TrainingError

REMOTE = ("obs://", "s3://")


def download(url: str, folder: Path) -> Path:
    """Copy a folder or a file to this machine, once for all processes of a server; returns its path.

    The first process copies, the others wait for it. Raises ConfigInvalid; raises TrainingError if the copy fails.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    finished = folder.with_name(folder.name + ".finished")
    with folder.with_name(folder.name + ".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if finished.is_file() and finished.read_text() != url:  # from an earlier job
            finished.unlink()
            shutil.rmtree(folder, ignore_errors=True)
        if not finished.is_file():
            _copy(url, str(folder))
            finished.write_text(url)
    return folder


def upload(folder: Path, url: str) -> None:
    """Copy a folder of this machine to the object store. Raises ConfigInvalid, TrainingError."""
    _copy(str(folder), url)


def _copy(source: str, target: str) -> None:
    copy = _moxing(source, target) if source.startswith(REMOTE) or target.startswith(REMOTE) else _locally
    try:
        copy(source, target)
    except Exception as error:  # moxing passes on the errors of its HTTP client
        raise TrainingError(
            f"{source} could not be copied to {target}: {error}", "Check the address and the job's access rights."
        ) from error


def _moxing(source: str, target: str) -> Callable[[str, str], object]:
    try:
        import moxing
    except ImportError:
        raise ConfigInvalid(
            f"{source if source.startswith(REMOTE) else target} is in OBS, but the package moxing is not installed here.",
            "Run this as a ModelArts job, or give a folder of this machine.",
        ) from None

    def copy(source: str, target: str) -> object:
        if source.startswith(REMOTE) and not moxing.file.is_directory(source):
            Path(target).mkdir(parents=True, exist_ok=True)
            return moxing.file.copy(source, f"{target}/{source.rpartition('/')[2]}")
        return moxing.file.copy_parallel(source, target)

    return copy


def _locally(source: str, target: str) -> object:
    if Path(source).is_file():
        Path(target).mkdir(parents=True, exist_ok=True)
        return shutil.copy(source, target)
    return shutil.copytree(source, target, dirs_exist_ok=True)
