"""Pipes, devices, links, and names that change between two looks, on a real file system."""

import errno
import os
import stat
from pathlib import Path

import pytest

from server.evaluation.dataset.root_files import LEADS_OUT, RootFiles


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    (root / "set/images").mkdir(parents=True)
    (root / "set/images/a.png").write_bytes(b"inside")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/secret").write_bytes(b"secret")
    return root


def refusal(root: Path, name: str, below: str = "set") -> int:
    try:
        RootFiles(root, below).read(name, 100)
    except OSError as error:
        return error.errno or 0
    return 0


def test_a_plain_file(root: Path) -> None:
    for name in ("images/a.png", "./images//a.png", "images/../images/a.png"):
        assert RootFiles(root, "set").read(name, 6) == b"inside"
    assert RootFiles(root).folder("set").folder("images").read("a.png", 6) == b"inside"


@pytest.mark.parametrize("name", ["images/none", "images/a.png/b", "x" * 300, "images/" * 2000])
def test_what_is_not_there(root: Path, name: str) -> None:
    assert refusal(root, name) in (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG)


def test_more_bytes_than_allowed_are_not_read(root: Path) -> None:
    with pytest.raises(OSError, match="more than 5 bytes") as error:
        RootFiles(root, "set").read("images/a.png", 5)
    assert error.value.errno == errno.EFBIG


@pytest.mark.parametrize("follow_links", [True, False])
def test_a_pipe_and_a_folder_are_refused_at_once(root: Path, follow_links: bool) -> None:
    os.mkfifo(root / "set/pipe")
    for name in ("pipe", "images"):
        with pytest.raises(OSError, match="not a plain file"):
            RootFiles(root, "set", follow_links=follow_links).read(name, 100)


def test_a_device_is_refused(root: Path) -> None:
    (root / "set/link").symlink_to("/dev/zero")
    assert refusal(root, "link") == LEADS_OUT
    with pytest.raises(OSError, match="not a plain file"):
        RootFiles(root, "set", follow_links=True).read("link", 100)
    if os.getuid() == 0:
        os.mknod(root / "set/zero", stat.S_IFCHR | 0o600, os.makedev(1, 5))
        assert refusal(root, "zero") in (errno.EINVAL, errno.EACCES)


@pytest.mark.parametrize("target", ["../../outside", "{outside}", "images/../../../outside"])
def test_a_link_that_leads_out(root: Path, target: str) -> None:
    outside = target.format(outside=root.parent / "outside")
    (root / "set/folder").symlink_to(outside)
    (root / "set/images/file").symlink_to(f"{'' if outside.startswith('/') else '../'}{outside}/secret")
    for name in ("folder/secret", "images/file"):
        assert refusal(root, name) == LEADS_OUT
    (root / "set/images/file").unlink()
    with pytest.raises(OSError, match="folder leads out of the folder"):
        list(RootFiles(root, "set").entries(""))
    assert RootFiles(root, "set", follow_links=True).read("folder/secret", 100) == b"secret"
    assert dict(RootFiles(root, "set", follow_links=True).entries("")) == {"folder": True, "images": True}


@pytest.mark.parametrize("name", ["../../outside/secret", "images/../../../outside/secret", "/etc/passwd"])
def test_a_name_that_leads_out(root: Path, name: str) -> None:
    assert refusal(root, name) == LEADS_OUT


def test_links_that_stay_below_the_root(root: Path) -> None:
    for number, target in enumerate(("images/a.png", "../set/images/a.png", str(root / "set/images/a.png"), "link0")):
        (root / f"set/link{number}").symlink_to(target)
        assert RootFiles(root, "set").read(f"link{number}", 100) == b"inside"
    (root / "again").symlink_to("set")
    assert RootFiles(root, "again").read("images/a.png", 100) == b"inside"
    assert dict(RootFiles(root).entries("")) == {"set": True, "again": True}


def test_a_loop_of_links(root: Path) -> None:
    (root / "set/loop").symlink_to("loop")
    assert refusal(root, "loop") == errno.ELOOP
    assert dict(RootFiles(root, "set").entries("")) == {"images": True, "loop": False}


@pytest.mark.parametrize("place", ["images", "images/a.png"])
def test_a_name_that_becomes_a_link_after_it_was_seen(root: Path, place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    look = os.stat

    def then_swap(path: str, **how: object) -> os.stat_result:
        seen = look(path, **how)  # type: ignore[arg-type]
        if path == Path(place).name:
            (root / "set" / place).rename(root / "set/former")
            (root / "set" / place).symlink_to(root.parent / "outside/secret" if place.endswith("png") else root.parent / "outside")
        return seen

    contents = RootFiles(root, "set")
    monkeypatch.setattr(os, "stat", then_swap)
    assert refusal(root, "images/a.png") in (errno.ELOOP, errno.ENOTDIR)
    monkeypatch.undo()
    assert contents.read("former/a.png" if place == "images" else "former", 100) == b"inside"


def test_a_file_that_grows_is_read_as_far_as_it_was(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    look = os.fstat

    def then_grow(file: int) -> os.stat_result:
        seen = look(file)
        with (root / "set/images/a.png").open("ab") as growing:
            growing.write(bytes(1000))
        return seen

    monkeypatch.setattr(os, "fstat", then_grow)
    assert RootFiles(root, "set").read("images/a.png", 100) == b"inside"


def test_nothing_stays_open(root: Path) -> None:
    os.mkfifo(root / "set/pipe")
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    contents = RootFiles(root, "set")
    for name in ("images/a.png", "images", "pipe", "none", "../../outside/secret"):
        try:
            contents.read(name, 100)
        except OSError:
            continue
    contents.mode("images")
    list(contents.entries(""))
    next(contents.entries(""))
    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208


def test_the_first_bytes_of_a_plain_file(root: Path) -> None:
    os.mkfifo(root / "set/pipe")
    (root / "set/out").symlink_to(root.parent / "outside/secret")
    files = RootFiles(root, "set")
    assert (files.head("images/a.png", 3), files.head("images/a.png", 99)) == (b"ins", b"inside")
    for name in ("pipe", "images", "out", "none"):
        with pytest.raises(OSError, match=r"plain file|leads out|No such file"):
            files.head(name, 3)
