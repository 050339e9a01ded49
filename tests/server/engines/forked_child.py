"""Engine processes that are forked from one which has imported everything: a start without the seconds of the imports."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from types import SimpleNamespace
from typing import Any, BinaryIO

import pytest

from server.engines.process import child
from tests.server.forked_command import choose_socket_folder, context


def _run(command: list[str], socket: Connection, words: Connection) -> None:
    """Run `python -c BOOT ROOT SOCKET` in the child."""
    os.setsid()
    os.dup2(words.fileno(), 1)
    os.dup2(words.fileno(), 2)
    words.close()
    _, _, boot, root, _ = command
    sys.argv = ["-c", root, str(os.dup(socket.fileno()))]
    socket.close()
    sys.path.insert(0, "")
    exec(boot, {})  # noqa: S102 - the words of Launch.command


class ForkedChild:
    """A process with the methods of Popen that Child needs."""

    def __init__(self, command: list[str], descriptor: int) -> None:
        choose_socket_folder()
        reader, words = context.Pipe(duplex=False)
        with words, Connection(os.dup(descriptor)) as socket:
            self._process = context.Process(target=_run, args=(command, socket, words), daemon=True)
            self._process.start()
        self.stdout: BinaryIO = os.fdopen(os.dup(reader.fileno()), "rb")
        reader.close()

    @property
    def pid(self) -> int:
        """The process."""
        assert self._process.pid
        return self._process.pid

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()

    def wait(self, timeout_s: float | None = None) -> int:
        """The exit code, once it ends; raises TimeoutExpired."""
        self._process.join(timeout_s)
        if (code := self._process.exitcode) is None:
            raise subprocess.TimeoutExpired(str(self._process), timeout_s or 0)
        return code


def _start(command: list[str], *, pass_fds: tuple[int], **options: Any) -> Any:
    """Another Python than this one cannot be forked."""
    if command[0] == sys.executable:
        return ForkedChild(command, *pass_fds)
    return subprocess.Popen(command, pass_fds=pass_fds, **options)


@contextmanager
def forked() -> Iterator[None]:
    """While it is entered, engine processes of this process are forked."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(child, "subprocess", SimpleNamespace(**vars(subprocess) | {"Popen": _start}))
        yield
