"""Runs ATC: writes its output to a log, raises its reason as an error, and ends all its processes."""

import os
import re
import select
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from convert.conversion_errors import AtcFailed

Progress = Callable[[str], None]

TICK_S = 0.5
END_S = 5.0  # between the first signal and the second
MAX_LINE = 4096
# "E10001: …", since CANN 8 "E10001: [PID: 10490] 2025-03-18-09:02:18.501.341 …"; the letters name the component.
_CODED = re.compile(r"(E[A-Z0-9]\d{4}): (?:\[PID: \d+\] [\d:.\-]+ )?(.+)")
_SOLUTION = re.compile(r"\s+Solution: (.+)")
_LOADER = re.compile(r".*error while loading shared libraries: .+")
_FAILED = "ATC run failed"


@dataclass
class AtcOutput:
    """The important parts of ATC's output, collected line by line."""

    last: str = ""
    coded: str = ""
    solution: str = ""
    logged: str = ""
    failed: bool = False
    _rest: bytes = field(default=b"", repr=False)

    def feed(self, data: bytes) -> None:
        """Take new output; an incomplete line is kept for the next call, within a limit."""
        *lines, rest = (self._rest + data).split(b"\n")
        self._rest = rest[-MAX_LINE:]
        for line in lines:
            self._line(line[:MAX_LINE].decode("utf-8", "replace").rstrip())

    def end(self) -> None:
        """Take a last line without a line end."""
        if self._rest:
            self.feed(b"\n")

    def _line(self, line: str) -> None:
        if line.strip() and line != "...":
            self.last = line.strip()
        self.failed |= line.startswith(_FAILED)
        if not self.coded and (match := _CODED.match(line)):
            self.coded = f"{match[1]}: {match[2]}"
        elif self.coded and not self.solution and (match := _SOLUTION.match(line)):
            self.solution = match[1]
        if not self.logged and (line.startswith("[ERROR]") or _LOADER.fullmatch(line)):
            self.logged = line

    @property
    def reason(self) -> str:
        """ATC's reason: the first error with a code, else the first logged error, else the last line."""
        return self.coded or self.logged or self.last or "It printed nothing."


def run_atc(
    command: Sequence[str],
    log: Path,
    folder: Path,
    progress: Progress,
    *,
    time_limit_s: float | None = None,
    inherit: tuple[int, ...] = (),
) -> AtcOutput:
    """Run a command in `folder` (ATC leaves files in its working directory) until it ends; append its output to `log`.

    Raises AtcFailed with ATC's reason, or after the time limit. Ends the process group in every case.
    """
    output = AtcOutput()
    began_s = time.monotonic()
    with log.open("ab", buffering=0) as file:
        process = subprocess.Popen(  # noqa: S603 - a list, no shell
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            process_group=0,  # Ctrl-C reaches only this process, which then ends the whole group
            pass_fds=inherit,
        )
        try:
            _follow(process, output, file, began_s, time_limit_s, progress)
        finally:
            _end(process)
    output.end()
    if process.returncode or output.failed:
        raise AtcFailed(f"ATC failed. {output.reason}", output.solution)
    return output


def _follow(
    process: subprocess.Popen[bytes], output: AtcOutput, log: BinaryIO, began_s: float, limit_s: float | None, progress: Progress
) -> None:
    source = process.stdout.fileno()  # type: ignore[union-attr] # a pipe was asked for
    while True:
        # A compiler's daemon may hold the pipe after the end of ATC: then read the rest of the pipe, but do not wait.
        ended = process.poll() is not None
        if select.select([source], [], [], 0 if ended else TICK_S)[0]:
            data = os.read(source, 65536)
            if not data:
                break
            log.write(data)
            output.feed(data)
        elif ended:
            return
        elapsed_s = time.monotonic() - began_s
        if limit_s is not None and elapsed_s > limit_s:
            raise AtcFailed(f"ATC did not finish within {limit_s:g} s; its last line: {output.last}", "Give it more time.")
        progress(f"ATC, {elapsed_s:.0f} s: {output.last}")
    while process.poll() is None:
        if limit_s is not None and time.monotonic() - began_s > limit_s:
            raise AtcFailed(f"ATC did not finish within {limit_s:g} s; its last line: {output.last}", "Give it more time.")
        time.sleep(0.01)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the rest of the process group: first SIGTERM, then SIGKILL."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(END_S)
            if number == signal.SIGKILL or not _group_lives(process.pid):
                break
    if process.stdout:
        process.stdout.close()


def _group_lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True
