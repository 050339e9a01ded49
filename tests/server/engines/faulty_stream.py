"""The Python of a stream engine that breaks as the files of a folder tell it: `faulty_stream.py FOLDER -c PROGRAM ROOT SOCKET`.

ENGINE_PYTHON names a script that calls it, so the server itself knows nothing of it.
"""

import sys
from pathlib import Path
from time import sleep
from typing import Any

LATE_S = 1.6  # more than the tests' ENGINE_STALL_S
FAILED = 1002


def faulty_python(folder: Path) -> Path:
    """An executable to be named in ENGINE_PYTHON; a file called hang, late or codes in `folder` breaks what runs under it."""
    script = folder / "python"
    script.write_text(f'#!/bin/sh\nexec {sys.executable} {__file__} {folder} "$@"\n')
    script.chmod(0o755)
    return script


def break_streams(folder: Path) -> None:
    """Put the faults between the driver and the CPU runtime."""
    from pipelines.cpu import CpuStreamManager, MxDataOutput

    fetch = CpuStreamManager.GetResultWithUniqueId

    def fetch_or_break(manager: Any, stream: bytes, unique_id: int, timeout_ms: int) -> Any:
        output = fetch(manager, stream, unique_id, timeout_ms)
        while (folder / "hang").exists():
            sleep(0.02)
        if (folder / "late").exists():
            sleep(LATE_S)
        if (folder / "codes").exists():
            output = MxDataOutput()
            output.errorCode, output.data = FAILED, b"for a while"
        return output

    CpuStreamManager.GetResultWithUniqueId = fetch_or_break  # type: ignore[method-assign,assignment]


if __name__ == "__main__":
    _, folder, _, program, root, descriptor = sys.argv
    sys.argv = ["-c", root, descriptor]
    sys.path[0] = root
    break_streams(Path(folder))
    exec(program)  # noqa: S102 - as the Python that this stands for would
