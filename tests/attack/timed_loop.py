"""Starts a server whose event loop writes down each callback that takes long: seconds of its thread's processor time, and of the clock.

Other load of the machine does not change the first. A program for `ServerProcess(python=...)`.
"""

import asyncio
import os
import sys
from time import monotonic, thread_time

NOTED_S = 0.0005


def note_long_callbacks(path: str) -> None:
    """Write a line for each from now on."""
    notes = os.open(path, os.O_WRONLY | os.O_APPEND)
    run = asyncio.Handle._run

    def timed(handle: asyncio.Handle) -> None:
        used_s, began_s = thread_time(), monotonic()
        run(handle)
        used_s, took_s = thread_time() - used_s, monotonic() - began_s
        if used_s > NOTED_S:
            os.write(notes, f"{used_s:.6f} {took_s:.6f} {handle!r}\n".encode())

    asyncio.Handle._run = timed  # type: ignore[assignment, method-assign]


if __name__ == "__main__":
    sys.modules["uvloop"] = None  # type: ignore[assignment]  # whose callbacks cannot be watched; then uvicorn takes asyncio's loop
    note_long_callbacks(os.environ["LONG_CALLBACKS"])
    from server.cli.command_line import main

    main()
