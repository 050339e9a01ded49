"""The command line, run as a user runs it."""

import os
import subprocess
import sys
from pathlib import Path


def run(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "server", *map(str, arguments)]
    return subprocess.run(
        command, env=os.environ | {"COLUMNS": "140"} | environment, capture_output=True, text=True, timeout=120, check=False
    )
