"""A temporary folder next to a file in the making. It is removed at the end, and after a crash by the next work."""

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
    """The folder and a lock on it: while any process holds the descriptor, no other process removes the folder."""

    path: Path
    lock: int


@contextmanager
def work_folder(place: Path) -> Iterator[WorkFolder]:
    """An empty folder in `place`, removed at the end; also removes the folders of dead processes at the beginning."""
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
    """Hold the place's lock: no other process may look between the creation of a folder and its lock."""
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
