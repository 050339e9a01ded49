"""The machine that a figure is from."""

import os
import platform
from pathlib import Path


def machine() -> str:
    """Its cores and processor, and the Python."""
    try:
        info = Path("/proc/cpuinfo").read_text()
        name = next(line.partition(":")[2].strip() for line in info.splitlines() if line.startswith("model name"))
    except (OSError, StopIteration):
        name = platform.machine()
    return f"{len(os.sched_getaffinity(0))} cores of {name}, Python {platform.python_version()}"
