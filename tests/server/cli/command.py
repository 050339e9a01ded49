"""The command line: in this process, for its words and exit codes, and in one of its own, as a user runs it."""

import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from typer.testing import CliRunner

from server.cli.command_line import main
from tests.server.forked_command import ForkedCommand

COLUMNS = "140"


def run(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command here, which costs no start of Python."""
    command = ["ascend-classify", *map(str, arguments)]
    captured = CliRunner().isolation(env={"COLUMNS": COLUMNS} | environment)
    with captured as (output, errors, *_), pytest.MonkeyPatch.context() as patch, log_kept():
        patch.setattr(sys, "argv", command)
        try:
            main()
            code: object = 0
        except SystemExit as end:
            code = end.code or 0
        sys.stdout.flush()
        sys.stderr.flush()
        told, complained = output.getvalue().decode(), errors.getvalue().decode()
    assert isinstance(code, int)
    return subprocess.CompletedProcess(command, code, told, complained)


def run_process(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a new process, which imports what it needs: `classify` has a test of it, and the docs' commands are run so."""
    command = [sys.executable, "-m", "server", *map(str, arguments)]
    return subprocess.run(
        command, env=os.environ | {"COLUMNS": COLUMNS} | environment, capture_output=True, text=True, timeout=120, check=False
    )


def run_forked(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a process that has imported everything; its standard output is not kept."""
    words = [*map(str, arguments)]
    process = ForkedCommand(words, os.environ | {"COLUMNS": COLUMNS} | environment, None)
    assert process.stderr
    with process.stderr as errors:
        complained = errors.read()
    return subprocess.CompletedProcess(words, process.wait(120), "", complained)


@contextmanager
def log_kept() -> Iterator[None]:
    """A command sends the log to its own standard error."""
    root = logging.getLogger()
    level, handlers = root.level, root.handlers
    root.handlers = []
    yield
    root.handlers = handlers
    root.setLevel(level)
