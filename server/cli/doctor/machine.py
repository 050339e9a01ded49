"""The machine for the checks: files below a root, the environment, and the user."""

import contextlib
import os
import stat
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

RUN_S = 60.0
_CONTAINER_FILES = ("/.dockerenv", "/run/.containerenv")
_CONTAINER_WORDS = ("docker", "kubepods", "containerd", "libpod")


@dataclass(frozen=True)
class Ran:
    """How a program ended."""

    status: int
    out: str
    err: str


@dataclass(frozen=True)
class Machine:
    """A machine; `root` holds its files, and every absolute path in arguments and results is relative to the root."""

    environment: Mapping[str, str]
    root: Path = Path("/")
    uid: int = field(default_factory=os.geteuid)
    gids: frozenset[int] = field(default_factory=lambda: frozenset({os.getegid(), *os.getgroups()}))

    def path(self, place: str | Path) -> Path:
        """The place of a file of the machine; a path from the settings may already be below the root."""
        path = Path(place)
        return path if not path.is_absolute() or path.is_relative_to(self.root) else self.root / path.relative_to("/")

    def is_file(self, place: str | Path) -> bool:
        """Whether it is a file that the user can see."""
        return stat.S_ISREG(self._type(place))

    def is_dir(self, place: str | Path) -> bool:
        """Whether it is a folder that the user can see."""
        return stat.S_ISDIR(self._type(place))

    def exists(self, place: str | Path) -> bool:
        """Whether it exists and the user can see it."""
        return self._type(place) != 0

    def _type(self, place: str | Path) -> int:
        try:
            return self.path(place).stat().st_mode
        except OSError:  # Path.is_file and similar functions raise it for a folder without access
            return 0

    def variable(self, name: str) -> str:
        """A variable of the environment, empty if it is not set."""
        return self.environment.get(name, "")

    def folders(self, name: str) -> list[str]:
        """The folders in a variable such as LD_LIBRARY_PATH, without a slash at the end or double slashes."""
        return [str(Path(folder)) for folder in self.variable(name).split(":") if folder]

    def text(self, place: str | Path) -> str:
        """The text of a small file; empty if it does not exist or cannot be read."""
        try:
            with self.path(place).open("rb") as file:
                return file.read(1 << 20).decode("utf-8", "replace")
        except OSError:
            return ""

    @property
    def in_container(self) -> bool:
        """Whether this process runs in a container."""
        if self.variable("ASCEND_DOCKER_RUNTIME") or any(self.exists(file) for file in _CONTAINER_FILES):
            return True
        return any(word in self.text("/proc/1/cgroup") for word in _CONTAINER_WORDS)

    def user(self, uid: int) -> str:
        """The name of a user, or the number."""
        return self._name("/etc/passwd", uid)

    def group(self, gid: int) -> str:
        """The name of a group, or the number."""
        return self._name("/etc/group", gid)

    def _name(self, file: str, number: int) -> str:
        entries = (line.split(":") for line in self.text(file).splitlines())
        return next((entry[0] for entry in entries if len(entry) > 2 and entry[2] == str(number)), str(number))

    def group_id(self, name: str) -> int | None:
        """The number of a group, or None."""
        entries = (line.split(":") for line in self.text("/etc/group").splitlines())
        return next((int(entry[2]) for entry in entries if len(entry) > 2 and entry[0] == name and entry[2].isdecimal()), None)

    def may(self, place: str | Path, access: int) -> bool:
        """Whether the user has the access os.R_OK, os.W_OK or os.X_OK, or a combination, to an existing file."""
        path = self.path(place)
        if self.uid == os.geteuid():
            return os.access(path, access, effective_ids=True)
        if self.uid == 0:
            return True
        try:
            about = path.stat()
        except OSError:
            return False
        shift = 6 if about.st_uid == self.uid else 3 if about.st_gid in self.gids else 0
        return (stat.S_IMODE(about.st_mode) >> shift) & access == access

    def may_make(self, folder: str | Path) -> bool:
        """Whether the user can write in a folder, which may not exist yet."""
        path = Path(folder)
        while not self.exists(path) and path != path.parent:
            path = path.parent
        return self.is_dir(path) and self.may(path, os.W_OK | os.X_OK)

    def holders(self, links: set[str]) -> Iterator[tuple[str, int, str]]:
        """(link, process, its command line) of every open file whose link is one of these, for the processes that the user can see."""
        for process in sorted(self.path("/proc").glob("[0-9]*"), key=lambda path: path.name.zfill(9)):
            held = set(_links(process / "fd"))
            if wanted := sorted(links & held):
                command = self.text(f"/proc/{process.name}/cmdline").replace("\0", " ").strip()
                yield from ((link, int(process.name), command or "a process without a name") for link in wanted)

    def run(self, *command: str) -> Ran:
        """Run a program with this process's environment; raises OSError if it does not start or does not end."""
        try:
            done = subprocess.run(  # noqa: S603 - an argument list, no shell
                command, capture_output=True, timeout=RUN_S, check=False, stdin=subprocess.DEVNULL
            )
        except subprocess.TimeoutExpired as error:
            raise TimeoutError(f"{command[0]} gave no answer in {RUN_S:.0f} s") from error
        return Ran(done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace"))


def _links(folder: Path) -> Iterator[str]:
    """The targets of the links in a folder; none if it belongs to another user or has gone."""
    with contextlib.suppress(OSError):
        for link in folder.iterdir():
            with contextlib.suppress(OSError):
                yield str(link.readlink())
