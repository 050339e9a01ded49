"""The real command, on the machine that runs the tests."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from models.store import ModelStore
from tests.server.cli.command import run

pytestmark = pytest.mark.skipif(Path("/dev/davinci0").exists(), reason="this machine has chips")


def test_a_machine_without_chips_is_well(model_store: ModelStore, tmp_path: Path) -> None:
    done = run("doctor", "--model-store", model_store.root, PORT="0", EVALUATION_DIR=str(tmp_path))
    assert (done.returncode, done.stderr) == (0, "")
    assert "  note     no Ascend device: the CPU runtime serves\n" in done.stdout
    assert "problem" not in done.stdout
    assert "\x1b" not in done.stdout
    assert done.stdout.splitlines()[-1].startswith("No Ascend device: the CPU runtime serves efficientnet_lite0. Well, ")


def test_problems_are_told_with_what_mends_them(tmp_path: Path) -> None:
    done = run("doctor", "--model", "resnext_digits", "--json", MODEL_STORE=str(tmp_path), PORT="0", EVALUATION_DIR=str(tmp_path))
    assert done.returncode == 1
    told = json.loads(done.stdout)
    (problem,) = [finding for finding in told["findings"] if finding["status"] == "problem"]
    assert (told["well"], told["problems"]) == (False, 1)
    assert problem["what"] == f"Model 'resnext_digits' is not in {tmp_path} yet"
    command = problem["remedy"].removeprefix("Run: ascend-classify ").split()
    assert run(*command, MODEL_STORE=str(tmp_path)).returncode == 0
    mended = run("doctor", "--model", "resnext_digits", MODEL_STORE=str(tmp_path), PORT="0", EVALUATION_DIR=str(tmp_path))
    assert mended.returncode == 0


def test_a_setting_that_cannot_be_is_refused() -> None:
    done = run("doctor", PORT="none")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.endswith("[setting_invalid]\n")


def test_a_terminal_gets_colours(model_store: ModelStore, tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    environment = os.environ | {"TERM": "xterm", "COLUMNS": "60", "PORT": "0", "EVALUATION_DIR": str(tmp_path)}
    environment.pop("NO_COLOR", None)
    command = [sys.executable, "-m", "server", "doctor", "--model-store", str(model_store.root)]
    with subprocess.Popen(command, stdout=theirs, stderr=subprocess.DEVNULL, env=environment) as process:
        os.close(theirs)
        shown = b""
        while part := _read(ours):
            shown += part
        assert process.wait() == 0
    os.close(ours)
    assert b"\x1b[32mok" in shown
    assert b"\x1b[33mnote" in shown


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 4096)
    except OSError:  # its other end is closed
        return b""
