"""The command line as a whole."""

import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.server.cli.command import run


@pytest.mark.parametrize("command", [(), ("serve",), ("classify",), ("models",), ("models", "prepare")])
def test_help(command: tuple[str, ...]) -> None:
    done = run(*command, "--help")
    assert done.returncode == 0
    assert "Usage" in done.stdout


def test_the_command_line_itself_is_light() -> None:
    """A command imports its modules when it is called: `--help` answers at once, and ATC's environment has nothing of ours."""
    program = "import sys, server.cli.command_line; print(sorted({'cv2', 'numpy', 'onnx', 'openvino', 'fastapi'} & sys.modules.keys()))"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_the_version() -> None:
    done = run("--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"ascend-classify {version('ascend-classify')}\n", "")


def test_a_shell_loads_the_completion_and_completes_a_command() -> None:
    """Bash itself reads the script and asks the installed program."""
    program = Path(sys.executable).with_name("ascend-classify")
    script = f"""
        source <("{program}" --show-completion bash) && COMP_WORDS=(ascend-classify mod) COMP_CWORD=1
        _ascend_classify_completion "{program}" && echo "${{COMPREPLY[@]}}"
    """
    done = subprocess.run(["bash", "-ec", script], env=os.environ | {"HOME": "/"}, capture_output=True, text=True, check=False, timeout=60)
    assert (done.stdout, done.stderr) == ("models\n", "")


@pytest.mark.parametrize(
    "environment", [{}, {"_ASCEND_CLASSIFY_COMPLETE": "complete_bash", "COMP_WORDS": "ascend-classify mod", "COMP_CWORD": "1"}]
)
def test_version_and_completion_answer_without_the_runtimes(environment: dict[str, str]) -> None:
    program = (
        "import atexit, sys\n"
        "heavy = {'cv2', 'numpy', 'onnx', 'openvino', 'fastapi', 'httpx'}\n"
        "atexit.register(lambda: print(sorted(heavy & sys.modules.keys())))\n"
        "from server.cli.command_line import main\n"
        "sys.argv = ['ascend-classify', '--version']\n"
        "main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], env=os.environ | environment, capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.splitlines()[0] == ("models" if environment else f"ascend-classify {version('ascend-classify')}")
    assert done.stdout.splitlines()[1:] == ["[]"]
