"""What one archive may become: bytes, files and folders, in proportion to the bytes that were sent."""

from collections.abc import Callable
from time import perf_counter, sleep

from server.evaluation.evaluation_errors import ArchiveTooLarge

MAX_FILES = 200_000
MAX_FOLDERS = 25_000
"""Of which ImageNet-21k has 21,841."""
MAX_RATIO = 100
"""Largest ratio of unpacked to packed bytes; images hardly shrink, and lists of labels shrink to a tenth."""
SPARE_BYTES = 8 * 1024 * 1024
FILE_BYTES = 4096
"""What a file costs besides its content, on disk and in time: without it a few kilobytes could make 200,000 empty files."""
FOLDER_BYTES = 16 * 1024

WORK_S, PAUSE_S = 0.001, 0.0005
"""After so much work a pause: a thread that reads headers holds the interpreter for 5 ms each time another one asks for it."""

_INSTEAD = "Put the data set under a root of the server instead."
_FEWER = "Send fewer at once, or put the data set under a root of the server instead."


class Allowance:
    """Counts what comes out of an archive. Every method raises ArchiveTooLarge before the cost is paid.

    `hold` is told the bytes on the disk each time they grow, and may refuse them.
    """

    def __init__(self, packed_bytes: int, max_bytes: int, hold: Callable[[int], None] = lambda _: None) -> None:
        self._max_bytes = max_bytes
        self._growth_bytes = packed_bytes * MAX_RATIO + SPARE_BYTES
        self._hold = hold
        self._content_bytes = 0
        self._grown_bytes = 0
        self.files = 0
        self._folders = 0
        self._paused_s = perf_counter()

    def file(self, size_bytes: int) -> None:
        """Begin a file of an announced size."""
        self.files += 1
        if self.files > MAX_FILES:
            raise ArchiveTooLarge(f"The archive holds more than {MAX_FILES} files.", _FEWER)
        self.grow(FILE_BYTES)
        if self._content_bytes + size_bytes > self._max_bytes:
            raise self._too_large()
        if self._grown_bytes + size_bytes > self._growth_bytes:
            raise self._too_dense()

    def folder(self) -> None:
        """Make a folder."""
        self._folders += 1
        if self._folders > MAX_FOLDERS:
            raise ArchiveTooLarge(f"The archive holds more than {MAX_FOLDERS} folders.", _FEWER)
        self.grow(FOLDER_BYTES)

    def write(self, more_bytes: int) -> None:
        """Write bytes of a file; the size that was announced may be wrong."""
        self._content_bytes += more_bytes
        if self._content_bytes > self._max_bytes:
            raise self._too_large()
        self._hold(self._content_bytes + FILE_BYTES * (self.files + self._folders))

    def grow(self, more_bytes: int) -> None:
        """Unpack bytes: content, or what describes it."""
        self._grown_bytes += more_bytes
        if self._grown_bytes > self._growth_bytes:
            raise self._too_dense()
        if perf_counter() - self._paused_s > WORK_S:
            sleep(PAUSE_S)
            self._paused_s = perf_counter()

    def _too_large(self) -> ArchiveTooLarge:
        return ArchiveTooLarge(f"Unpacked, the archive has more than {self._max_bytes} bytes.", _INSTEAD)

    def _too_dense(self) -> ArchiveTooLarge:
        return ArchiveTooLarge(
            f"Unpacked, the archive becomes more than {self._growth_bytes} bytes, {MAX_RATIO} times what was sent. "
            f"A file counts {FILE_BYTES} bytes more than it has, a folder {FOLDER_BYTES}.",
            _INSTEAD,
        )
