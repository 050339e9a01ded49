"""The command line in a process that is forked from one which has imported everything: a start without the seconds of the imports."""

import os
import signal
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from multiprocessing import get_context, util
from multiprocessing.connection import Connection
from pathlib import Path
from subprocess import TimeoutExpired
from typing import TextIO

IMPORTED = ["server.cli.serve_command", "server.serving.service_assembly", "server.app", "server.evaluation.jobs.evaluations"]
IMPORTED += ["server.http.listener", "server.serving.reload", "uvicorn.loops.uvloop", "uvicorn.lifespan.on", "pipelines.cpu.observed"]
IMPORTED += ["server.cli.evaluate_command", "server.cli.infer_dir_command", "convert.import_checkpoint"]
IMPORTED += ["mxclassify", "server.telemetry.logs"]  # what a start imports later: the fleet the first

context = get_context("forkserver")
context.set_forkserver_preload(["server.cli.command_line", *IMPORTED, "tests.server.frozen_heap"])


@cache
def choose_socket_folder() -> None:
    """Keep the socket to the process that forks in /tmp: its path may have 107 bytes, and TMPDIR may be longer."""
    kept, tempfile.tempdir = tempfile.tempdir, "/tmp"  # noqa: S108 - a new folder in it that only this user may enter
    util.get_temp_dir()
    tempfile.tempdir = kept


def _run(arguments: list[str], environment: Mapping[str, str], cwd: Path, errors: Connection) -> None:
    """Run the command in the child."""
    os.dup2(errors.fileno(), sys.stderr.fileno())
    errors.close()
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(cwd)
    sys.argv = ["ascend-classify", *arguments]
    from server.cli.command_line import main

    main()


class ForkedCommand:
    """A command that runs, with the methods of Popen that its user needs. Its start and its end are those of multiprocessing."""

    def __init__(self, arguments: list[str], environment: Mapping[str, str], cwd: Path | None) -> None:
        choose_socket_folder()
        reader, writer = context.Pipe(duplex=False)
        with writer:
            self._process = context.Process(target=_run, args=(arguments, dict(environment), cwd or Path.cwd(), writer), daemon=True)
            self._process.start()
        self.stderr: TextIO | None = os.fdopen(os.dup(reader.fileno()), encoding="utf-8")
        reader.close()

    @property
    def pid(self) -> int:
        """The process."""
        assert self._process.pid
        return self._process.pid

    def poll(self) -> int | None:
        """The exit code, if it has ended."""
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)

    def wait(self, timeout_s: float | None = None) -> int:
        """The exit code, once it ends; raises TimeoutExpired."""
        self._process.join(timeout_s)
        if (code := self._process.exitcode) is None:
            raise TimeoutExpired(str(self._process), timeout_s or 0)
        return code
