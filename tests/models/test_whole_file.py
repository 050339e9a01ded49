import errno
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from models.model_errors import StoreRefused
from models.whole_file import UNFINISHED, whole_file, write_whole
from tests.test_house_rules import ROOT


@pytest.fixture(params=[0o000, 0o022, 0o077], ids=oct)
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    former = os.umask(request.param)
    yield request.param
    os.umask(former)


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, bool]]:
    """The syncs in their order: "file" or "folder", and whether the file had its name by then."""
    calls: list[tuple[str, bool]] = []
    fsync = os.fsync

    def told(opened: int) -> None:
        place = Path(f"/proc/self/fd/{opened}").readlink()
        folder = place if place.is_dir() else place.parent
        calls.append(("folder" if place.is_dir() else "file", (folder / "a").exists()))
        fsync(opened)

    monkeypatch.setattr(os, "fsync", told)
    return calls


def content_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_file_is_whole_and_alone(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("former")
    write_whole(tmp_path / "a", b"new")
    assert content_of(tmp_path) == {"a": b"new"}


def test_the_former_file_stays_until_the_end(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("former")
    with whole_file(tmp_path / "a", ending=".ckpt") as unfinished:
        unfinished.write_bytes(b"new")
        assert (unfinished.parent, unfinished.suffix, unfinished.name[: len(UNFINISHED)]) == (tmp_path, ".ckpt", UNFINISHED)
        assert (tmp_path / "a").read_text() == "former"
    assert content_of(tmp_path) == {"a": b"new"}


def test_the_mode(tmp_path: Path, umask: int) -> None:
    write_whole(tmp_path / "a", b"new")
    assert mode_of(tmp_path / "a") == 0o640
    with whole_file(tmp_path / "b", mode=None) as unfinished:
        unfinished.write_bytes(b"new")
    assert mode_of(tmp_path / "b") == 0o666 & ~umask


def test_it_is_synced_before_it_has_its_name_and_its_folder_after(tmp_path: Path, synced: list[tuple[str, bool]]) -> None:
    write_whole(tmp_path / "a", b"new")
    assert synced == [("file", False), ("folder", True)]
    synced.clear()
    with whole_file(tmp_path / "b", durable=False) as unfinished:
        unfinished.write_bytes(b"new")
    assert synced == []


@pytest.mark.parametrize(("number", "passes"), [(errno.EINVAL, True), (errno.EACCES, True), (errno.EIO, False)])
def test_a_folder_that_cannot_be_synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, passes: bool) -> None:
    def fsync(opened: int) -> None:
        if stat.S_ISDIR(os.fstat(opened).st_mode):
            raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", fsync)
    if passes:
        write_whole(tmp_path / "a", b"new")
    else:
        with pytest.raises(StoreRefused, match="Input/output error"):
            write_whole(tmp_path / "a", b"new")
    assert content_of(tmp_path) == {"a": b"new"}


def test_a_file_that_cannot_be_synced_does_not_replace_the_former(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fsync(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    (tmp_path / "a").write_text("former")
    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(StoreRefused, match="No space left"):
        write_whole(tmp_path / "a", b"new")
    assert content_of(tmp_path) == {"a": b"former"}


def test_a_failure_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    for path in (tmp_path / "a", tmp_path / "b/c"):
        with pytest.raises(StoreRefused, match=str(path)):
            write_whole(path, b"new")
    assert list(tmp_path.iterdir()) == [tmp_path / "a"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_block_that_raises_leaves_the_former(tmp_path: Path, error: type[BaseException]) -> None:
    (tmp_path / "a").write_text("former")

    def write() -> None:
        with whole_file(tmp_path / "a") as unfinished:
            unfinished.write_bytes(b"half")
            raise error

    with pytest.raises(error):
        write()
    assert content_of(tmp_path) == {"a": b"former"}


def test_a_block_that_writes_nothing_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("former")
    with pytest.raises(FileNotFoundError), whole_file(tmp_path / "a"):
        pass
    assert content_of(tmp_path) == {"a": b"former"}


def test_a_process_that_is_killed_leaves_the_former(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("former")
    program = """
import os, signal, sys
from pathlib import Path
from models.whole_file import whole_file
with whole_file(Path(sys.argv[1])) as unfinished:
    unfinished.write_bytes(b"half")
    os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path / "a")], cwd=ROOT, check=False)
    assert done.returncode == -signal.SIGKILL
    assert (tmp_path / "a").read_text() == "former"
    assert [path.name[: len(UNFINISHED)] for path in tmp_path.iterdir() if path.name != "a"] == [UNFINISHED]


def test_writers_of_one_file_do_not_mix(tmp_path: Path) -> None:
    contents = [bytes([number]) * 300_000 for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        for _ in pool.map(lambda content: write_whole(tmp_path / "a", content), contents * 4):
            assert (tmp_path / "a").read_bytes() in contents
    assert list(tmp_path.iterdir()) == [tmp_path / "a"]


def test_the_longest_name(tmp_path: Path) -> None:
    write_whole(tmp_path / ("n" * 255), b"new")
    assert content_of(tmp_path) == {"n" * 255: b"new"}
