"""The view of a machine, of this one and of one below a folder."""

import os
import sys
from pathlib import Path

import pytest

from server.cli.doctor import machine as module
from server.cli.doctor.machine import Machine, Ran


def test_paths_are_below_the_root(tmp_path: Path) -> None:
    machine = Machine({}, tmp_path)
    assert machine.path("/etc/group") == tmp_path / "etc/group"
    assert machine.path(tmp_path / "store") == tmp_path / "store"
    assert machine.path("model_store") == Path("model_store")
    assert Machine({}).path("/etc/group") == Path("/etc/group")


def test_names_and_numbers(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/group").write_text("root:x:0:\nHwHiAiUser:x:1001:classify\nbroken\nodd:x:y:\n")
    machine = Machine({}, tmp_path)
    assert (machine.group(1001), machine.group(7), machine.user(0)) == ("HwHiAiUser", "7", "0")
    assert (machine.group_id("HwHiAiUser"), machine.group_id("odd"), machine.group_id("none")) == (1001, None, None)


def test_variables() -> None:
    machine = Machine({"LD_LIBRARY_PATH": "/a/::/b//c:/", "EMPTY": ""})
    assert machine.folders("LD_LIBRARY_PATH") == ["/a", "/b/c", "/"]
    assert (machine.folders("EMPTY"), machine.variable("NONE")) == ([], "")


@pytest.mark.parametrize(
    ("file", "text", "inside"),
    [
        (".dockerenv", "", True),
        ("run/.containerenv", "", True),
        ("proc/1/cgroup", "0::/kubepods/x", True),
        ("proc/1/cgroup", "0::/init", False),
    ],
)
def test_containers(tmp_path: Path, file: str, text: str, inside: bool) -> None:
    (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / file).write_text(text)
    assert Machine({}, tmp_path).in_container is inside
    assert Machine({"ASCEND_DOCKER_RUNTIME": "True"}, tmp_path).in_container


@pytest.mark.parametrize(
    ("uid", "gids", "mode", "access", "may"),
    [
        (-1, set(), 0o604, os.R_OK, True),
        (-1, set(), 0o640, os.R_OK, False),
        (-1, {-2}, 0o640, os.R_OK, True),
        (-1, {-2}, 0o640, os.R_OK | os.W_OK, False),
        (-1, {-2}, 0o604, os.R_OK, False),  # the group's bits count, however open it is to others
        (0, set(), 0o000, os.R_OK, True),
    ],
)
def test_what_another_user_may(tmp_path: Path, uid: int, gids: set[int], mode: int, access: int, may: bool) -> None:
    file = tmp_path / "file"
    file.touch()
    file.chmod(mode)
    mine = {file.stat().st_gid if gid == -2 else gid for gid in gids}
    other = os.geteuid() + 4711 if uid == -1 else uid
    assert Machine({}, tmp_path, other, frozenset(mine)).may("/file", access) is may
    assert not Machine({}, tmp_path, os.geteuid() + 4711, frozenset()).may("/none", access)


@pytest.mark.skipif(os.geteuid() != 0, reason="becoming somebody else takes root")
def test_what_may_not_be_entered_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir(mode=0o700)
    (tmp_path / "closed/file").touch()
    tmp_path.chmod(0o755)
    os.seteuid(65534)
    try:
        machine = Machine({}, tmp_path)
        assert machine.uid == 65534
        for there in (machine.exists, machine.is_file, machine.is_dir):
            assert not there("/closed/file")
        assert (machine.text("/closed/file"), machine.may("/closed/file", os.R_OK)) == ("", False)
        assert not machine.may_make("/closed/more")
    finally:
        os.seteuid(0)


def test_folders_that_may_have_to_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    machine = Machine({}, tmp_path)
    assert machine.may_make("/a/b/c")
    assert not machine.may_make("/file/b")
    assert not Machine({}, tmp_path, os.geteuid() + 4711, frozenset()).may_make("/a")


def test_who_holds_a_file(tmp_path: Path) -> None:
    with (tmp_path / "held").open("w"):
        found = list(Machine({}).holders({str(tmp_path / "held"), "/not/held"}))
    (link, pid, command) = next(each for each in found if each[1] == os.getpid())
    assert (link, pid) == (str(tmp_path / "held"), os.getpid())
    assert command == Path("/proc/self/cmdline").read_text().replace("\0", " ").strip()


def test_programs_are_run(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine({})
    assert machine.run(sys.executable, "-c", "import sys; print(1); sys.exit(3)") == Ran(3, "1\n", "")
    with pytest.raises(FileNotFoundError):
        machine.run("/none")
    monkeypatch.setattr(module, "RUN_S", 0.2)
    with pytest.raises(TimeoutError, match="sleep gave no answer"):
        machine.run("sleep", "30")


def test_a_file_that_cannot_be_read_is_empty(tmp_path: Path) -> None:
    assert Machine({}, tmp_path).text("/none") == ""
    (tmp_path / "odd").write_bytes(b"\xff1")
    assert Machine({}, tmp_path).text("/odd") == "\N{REPLACEMENT CHARACTER}1"
