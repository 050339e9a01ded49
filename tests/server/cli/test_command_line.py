"""The command line as a whole."""

import subprocess
import sys

import pytest

from tests.server.cli.command import run


@pytest.mark.parametrize("command", [(), ("serve",), ("classify",), ("models",), ("models", "prepare")])
def test_help(command: tuple[str, ...]) -> None:
    done = run(*command, "--help")
    assert done.returncode == 0
    assert "Usage" in done.stdout


def test_the_command_line_itself_is_light() -> None:
    """What a command needs is imported when it is called: `--help` answers at once, and ATC's environment has nothing of ours."""
    program = "import sys, server.cli.command_line; print(sorted({'cv2', 'numpy', 'onnx', 'openvino', 'fastapi'} & sys.modules.keys()))"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout == "[]\n"
