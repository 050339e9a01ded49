"""Replaces a file as a whole: an interruption leaves the former file or none, never half of one. All code that replaces files uses this."""

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from models.model_errors import StoreRefused

FILE_MODE = 0o640  # the vendor's runtime allows an OM no more, so one rule covers all artifacts
UNFINISHED = ".unfinished-"
_NOT_SYNCED = {errno.EINVAL, errno.ENOTSUP, errno.EACCES}  # folders of some network file systems, and those that cannot be read


@contextmanager
def whole_file(path: Path, *, ending: str = "", mode: int | None = FILE_MODE, durable: bool = True) -> Iterator[Path]:
    """A hidden file beside `path` to write to. It replaces `path` at the end of the block, or is removed if the block raises.

    A killed process leaves the former `path`, and perhaps the hidden file, whose name no other writer uses. With `durable` the same holds
    for a power cut; without it, a power cut may leave `path` empty. `mode` is the file's mode whatever the umask is; None follows the
    umask. `ending` is for libraries that demand one. Raises OSError.
    """
    unfinished = path.with_name(f"{UNFINISHED}{secrets.token_hex(8)}{ending}")
    try:
        yield unfinished
        if mode is not None:
            unfinished.chmod(mode)
        if durable:
            _sync(unfinished)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    if durable:
        _sync_folder(path.parent)


def write_whole(path: Path, content: bytes) -> None:
    """Write all of a file; raises StoreRefused if the folder does not take it."""
    try:
        with whole_file(path) as unfinished:
            unfinished.write_bytes(content)
    except OSError as error:
        raise StoreRefused(f"{path}: {error.strerror}.", "Make sure that its folder exists, is writable and has free space.") from error


def _sync(path: Path) -> None:
    opened = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _sync_folder(path: Path) -> None:
    try:
        _sync(path)
    except OSError as error:
        if error.errno not in _NOT_SYNCED:
            raise
