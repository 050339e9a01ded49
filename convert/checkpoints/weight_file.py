"""The file of a checkpoint, read piece by piece: unread parts take no memory, whatever sizes the file claims.

The file is not mapped into memory: if a mapped file is truncated, the process is killed.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np

from convert.checkpoints.malformed import Malformed

MAX_FILE_BYTES = 2 << 30  # ResNeXt-101 64x4d with Adam's moments has 1.0 GB


class WeightFile:
    """An open regular file of `size_bytes` bytes; `stream` is for readers that need the file itself, unbuffered."""

    def __init__(self, file: BinaryIO, size_bytes: int) -> None:
        self.stream = file
        self.size_bytes = size_bytes

    def read(self, start: int, count: int) -> bytes:
        """The bytes from `start` on; raises Malformed if the file ends before."""
        return self.array(start, np.dtype(np.uint8), count).tobytes()

    def array(self, start: int, dtype: np.dtype, count: int) -> np.ndarray:
        """A new flat array with the elements from byte `start` on; raises Malformed if the file ends before."""
        if not 0 <= start <= start + count * dtype.itemsize <= self.size_bytes:
            wanted, left = count * dtype.itemsize, max(self.size_bytes - start, 0)
            raise Malformed(f"the file is truncated: {wanted} bytes are wanted at byte {start}, {left} are left")
        raw = np.empty(count * dtype.itemsize, np.uint8)
        rest = raw.data
        self.stream.seek(start)
        while rest:
            if not (got := self.stream.readinto(rest)):  # type: ignore[attr-defined]  # unbuffered files have it
                raise Malformed("the file has become shorter while it was read")
            rest = rest[got:]
        return raw.view(dtype)


@contextmanager
def open_source(path: Path) -> Iterator[WeightFile]:
    """The file at `path`; raises OSError, and Malformed for another kind of file, one too large, or one that changes meanwhile."""
    if not stat.S_ISREG(path.stat().st_mode):  # checked first, because to open a FIFO would block until another process writes
        raise Malformed("this is not a file")
    with path.open("rb", buffering=0) as file:
        facts = os.fstat(file.fileno())
        if facts.st_size > MAX_FILE_BYTES:
            raise Malformed(f"{facts.st_size} bytes are more than the {MAX_FILE_BYTES} a checkpoint may have")
        yield WeightFile(file, facts.st_size)
        now = os.fstat(file.fileno())
        if (now.st_size, now.st_mtime_ns) != (facts.st_size, facts.st_mtime_ns):
            raise Malformed("the file was changed while it was read")
