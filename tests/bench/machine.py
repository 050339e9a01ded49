"""The machine that a figure is from."""

import os
import platform

from pipelines.cpu.processor import processor_name


def machine() -> str:
    """Its cores and processor, and the Python."""
    return f"{len(os.sched_getaffinity(0))} cores of {processor_name()}, Python {platform.python_version()}"
