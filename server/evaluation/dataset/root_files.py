"""Reads files below a folder that others may write to: plain files only, of a bounded size, and nothing outside the folder.

What lies at a name may change between two looks. So each file is opened relative to the folder, part by part; what was opened is checked.
"""

import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

LEADS_OUT = errno.EXDEV
"""The error of a name or a link that leads out of the folder: as openat2 with RESOLVE_BENEATH has it, which Python cannot call."""
_MOST_LINKS = 40  # Linux follows as many
_FOLDER = os.O_RDONLY | os.O_DIRECTORY
_ALWAYS = os.O_CLOEXEC | os.O_NONBLOCK  # to open a pipe would wait for its writer


class RootFiles:
    """The files below `root`, their names relative to `below`, a folder of it. Its methods raise OSError.

    A link is followed if it stays below the root; with `follow_links` wherever it leads, and a name may be a path of its own.
    """

    def __init__(self, root: Path, below: str = "", *, follow_links: bool = False) -> None:
        self._root = Path(os.path.realpath(root))
        self._below = below
        self._follow_links = follow_links
        self.path = root / below
        """For messages."""

    def folder(self, name: str) -> "RootFiles":
        """The files of a folder, with the same rules; a link in it may lead as far as before."""
        found = RootFiles(self._root, str(PurePosixPath(self._below, name)), follow_links=self._follow_links)
        found.path = self.path / name
        return found

    def read(self, name: str, max_bytes: int) -> bytes:
        """The content of a plain file, which may grow meanwhile; EFBIG above `max_bytes`, EINVAL for a pipe, a device or a folder."""
        opened = self._open(name, os.O_RDONLY)
        try:
            seen = os.fstat(opened)
            if not stat.S_ISREG(seen.st_mode):
                raise OSError(errno.EINVAL, "it is not a plain file")
            if seen.st_size > max_bytes:
                raise OSError(errno.EFBIG, f"it has more than {max_bytes} bytes")
            with os.fdopen(opened, "rb", closefd=False) as file:
                return file.read(seen.st_size)
        finally:
            os.close(opened)

    def head(self, name: str, size: int) -> bytes:
        """The first bytes of a plain file; EINVAL for a pipe, a device or a folder."""
        opened = self._open(name, os.O_RDONLY)
        try:
            if not stat.S_ISREG(os.fstat(opened).st_mode):
                raise OSError(errno.EINVAL, "it is not a plain file")
            return os.read(opened, size)
        finally:
            os.close(opened)

    def mode(self, name: str) -> int:
        """The type and the rights of what is there; see `stat`. It is not opened."""
        opened = self._open(name, os.O_PATH)
        try:
            return os.fstat(opened).st_mode
        finally:
            os.close(opened)

    def entries(self, name: str) -> Iterator[tuple[str, bool]]:
        """The names in a folder, and whether each is a folder; LEADS_OUT if one is a link that leads out."""
        opened = self._open(name, _FOLDER)
        try:
            with os.scandir(opened) as entries:
                for entry in entries:
                    inside = entry.is_symlink() and not self._follow_links
                    yield entry.name, self._is_folder(f"{name or '.'}/{entry.name}") if inside else entry.is_dir()
        finally:
            os.close(opened)

    def _is_folder(self, name: str) -> bool:
        try:
            return stat.S_ISDIR(self.mode(name))
        except OSError as error:
            if error.errno == LEADS_OUT:
                raise OSError(LEADS_OUT, f"{PurePosixPath(name).name} leads out of the folder") from error
            return False  # the link has no target

    def _open(self, name: str, flags: int) -> int:
        if self._follow_links:
            return os.open(self._root / self._below / name, flags | _ALWAYS)
        if name.startswith("/"):
            raise OSError(LEADS_OUT, "it leads out of the folder")
        return self._open_beneath([part for part in f"{self._below}/{name}".split("/") if part not in ("", ".")], flags)

    def _open_beneath(self, todo: list[str], flags: int) -> int:
        folders = [os.open(self._root, _FOLDER | _ALWAYS)]
        links = 0
        try:
            while todo:
                part, *todo = todo
                if part == "..":
                    if len(folders) == 1:
                        raise OSError(LEADS_OUT, "it leads out of the folder")
                    os.close(folders.pop())
                elif stat.S_ISLNK(os.stat(part, dir_fd=folders[-1], follow_symlinks=False).st_mode):
                    if (links := links + 1) > _MOST_LINKS:
                        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
                    target = os.readlink(part, dir_fd=folders[-1])
                    if target.startswith("/"):
                        target = os.path.relpath(os.path.realpath(target), self._root)
                        while len(folders) > 1:
                            os.close(folders.pop())
                    todo = [each for each in target.split("/") if each not in ("", ".")] + todo
                else:  # if it has become a link meanwhile, it is not followed
                    wanted = _FOLDER if todo else flags
                    opened = os.open(part, wanted | os.O_NOFOLLOW | _ALWAYS, dir_fd=folders[-1])
                    if not todo:
                        return opened
                    folders.append(opened)
            return os.open(".", flags | _ALWAYS, dir_fd=folders[-1])
        finally:
            for each in folders:
                os.close(each)
