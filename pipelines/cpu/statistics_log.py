"""The files of the performance statistics: their names, their modes, and when a new file begins."""

import json
import logging
import os
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from pathlib import Path

logger = logging.getLogger(__name__)

KEPT_FILES = 50  # per kind and process; the vendor's default for `rotate_file_number`
_FOLDER_MODE, _LIVE_MODE, _CLOSED_MODE = 0o750, 0o640, 0o440
_CHINA = timezone(timedelta(hours=8))  # the vendor writes China Standard Time on every machine


def time_text(now: datetime) -> str:
    """A time in the form of the file names: whole seconds, UTC+8."""
    return f"{now.astimezone(_CHINA):%Y-%m-%d %H:%M:%S}"


def update_time() -> str:
    """The current time in the form of `updateTime`: microseconds without leading zeros, as the vendor writes them; UTC+8."""
    now = datetime.now(_CHINA)
    return f"{time_text(now)}.{now.microsecond:06d}"


def process_name() -> str:
    """The kernel's name of this process, without slashes."""
    first_line = Path("/proc/self/status").read_text("utf-8", errors="replace").partition("\n")[0]
    return first_line.partition(":")[2].strip().replace("/", "_") or "unknown"


class StatisticsLog:
    """Writes one JSON object per line to `<filename>.<kind>.<process>.<pid>.<time>`; the first line creates the file.

    Never raises: if it cannot write, it logs that once, and the frames are not affected.
    """

    def __init__(self, folder: Path, filename: str, kind: str, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self._folder = folder
        self._prefix = f"{filename}.{kind}.{process_name()}.{os.getpid()}."
        self._descriptor: int | None = None
        self._path = folder
        self._written_bytes = 0
        self._complained = False

    def write(self, record: Mapping[str, object]) -> None:
        """Append a line; when the file reaches `max_bytes`, close it, and the next line begins a new one."""
        line = json.dumps(record, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode(errors="replace") + b"\n"
        try:
            descriptor = self._open() if self._descriptor is None else self._descriptor
            self._written_bytes += os.write(descriptor, line)
            if self._written_bytes >= self.max_bytes:
                self.close()
        except OSError as error:
            if not self._complained:
                logger.warning("performance statistics cannot be written to %s: %s", self._folder, error)
            self._complained = True

    def _open(self) -> int:
        self._make_folder()
        self._path = self._folder / f"{self._prefix}{time_text(datetime.now(_CHINA))}"
        if self._path.is_file() and not self._path.is_symlink():
            self._path.chmod(_LIVE_MODE)  # this process closed the file within the same second
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
        self._descriptor = os.open(self._path, flags, _LIVE_MODE)
        os.fchmod(self._descriptor, _LIVE_MODE)
        self._written_bytes = os.fstat(self._descriptor).st_size
        self._remove_oldest()
        return self._descriptor

    def _make_folder(self) -> None:
        if self._folder.is_symlink():
            raise OSError(f"{self._folder} is a symbolic link, which the vendor does not follow either")
        for folder in reversed([self._folder, *self._folder.parents]):
            if not folder.exists():
                folder.mkdir(_FOLDER_MODE, exist_ok=True)

    def _remove_oldest(self) -> None:
        mine = sorted(path for path in self._folder.iterdir() if path.name.startswith(self._prefix))  # the name ends with the time
        for path in mine[:-KEPT_FILES]:
            path.unlink(missing_ok=True)

    def close(self) -> None:
        """Close the file and make it read-only. A later line begins a new file."""
        if self._descriptor is not None:
            with suppress(OSError):  # some file systems have no modes
                os.fchmod(self._descriptor, _CLOSED_MODE)
            os.close(self._descriptor)
            self._descriptor = None
