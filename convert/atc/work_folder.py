"""A folder beside a file that is being made: it goes when the work ends, and after a crash when the next work begins."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

PREFIX = ".atc-"


@dataclass(frozen=True)
class WorkFolder:
    """The folder, and a lock on it: who inherits the descriptor keeps the folder from being cleared away."""

    path: Path
    lock: int


@contextmanager
def work_folder(place: Path) -> Iterator[WorkFolder]:
    """An empty folder in `place`, removed at the end; those of processes that are gone are removed at the beginning."""
    with _locked(place):
        _clear(place)
        path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=place))
        lock = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        fcntl.flock(lock, fcntl.LOCK_EX)
    try:
        yield WorkFolder(path, lock)
    finally:
        shutil.rmtree(path, ignore_errors=True)
        os.close(lock)


@contextmanager
def _locked(place: Path) -> Iterator[None]:
    """Between making a folder and locking it nobody else may look."""
    lock = os.open(place, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _clear(place: Path) -> None:
    for path in place.glob(f"{PREFIX}*"):
        with suppress(OSError):  # in use, or another user's
            lock = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(path, ignore_errors=True)
            finally:
                os.close(lock)
