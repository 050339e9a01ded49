"""What a child prints: its lines in the log, its last errors for a refusal, and the warnings of its decoders."""

import logging
import os
import re
import select
import threading
from collections import deque
from typing import IO

logger = logging.getLogger(__name__)

KEPT = 5  # so many of the last lines, and of the last errors, are reported
_PIPE_BYTES = 1 << 16  # of Linux: a pipe holds no more at once
_MAX_LINE_BYTES = 4096
_TERMINAL = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|[@-Z\\-_])")  # colours and other commands to a terminal (ECMA-48)
_ERROR = re.compile(r"\s*(?:[EF]\d{4,8} |\[(?:error|fatal)\s*\])", re.IGNORECASE)  # as glog begins a line, or the older SDKs and CANN
# Warnings of libjpeg (jerror.h) and libpng. OpenCV leaves them to these libraries, which print them and decode on.
_DAMAGE = re.compile(
    r"Corrupt JPEG data|Premature end of JPEG|Inconsistent progression sequence|Invalid SOS parameters|Unknown Adobe color|"
    r"Warning: unknown JFIF|Application transferred too many|libpng (?:warning|error)"
)


class Words:
    """Reads the pipe into which a child prints, on a thread of its own and whenever it is asked to catch up."""

    def __init__(self, name: str, pid: int, pipe: IO[bytes]) -> None:
        """`name` is the prefix of its lines in the log."""
        self._name, self._pid = name, pid
        self._pipe = pipe
        os.set_blocking(pipe.fileno(), False)
        self._reading = threading.Lock()  # guards all below
        self._begun = b""
        self._open = True
        self._last: deque[str] = deque(maxlen=KEPT)
        self._errors: deque[str] = deque(maxlen=KEPT)
        self._damage = False
        self._listener = threading.Thread(target=self._listen, name=f"{name}-words", daemon=True)
        self._listener.start()

    def catch_up(self) -> None:
        """Read all that the child has printed until now."""
        with self._reading:
            if self._open:
                self._read()

    def take_damage(self) -> bool:
        """Whether a decoder has warned of a damaged picture since the last call, up to now."""
        self.catch_up()
        with self._reading:
            damage, self._damage = self._damage, False
        return damage

    def last(self) -> str:
        """The last lines."""
        self.catch_up()
        with self._reading:
            return f"Its last output: {' | '.join(self._last)}" if self._last else ""

    def last_errors(self) -> str:
        """The last lines that a logger of the SDK marked as errors."""
        self.catch_up()
        with self._reading:
            return f"Its last errors: {' | '.join(self._errors)}" if self._errors else ""

    def close(self, within_s: float) -> None:
        """Wait for the end of the output; a grandchild may hold it open."""
        self._listener.join(within_s)

    def _listen(self) -> None:
        waiting = select.poll()
        waiting.register(self._pipe, select.POLLIN)
        while self._open:
            waiting.poll()
            self.catch_up()
        self._pipe.close()

    def _read(self) -> None:
        try:
            read = os.read(self._pipe.fileno(), _PIPE_BYTES)
        except BlockingIOError:
            return
        self._open = bool(read)
        *lines, self._begun = (self._begun + read).split(b"\n")
        if self._begun and (not read or len(self._begun) > _MAX_LINE_BYTES):
            lines.append(self._begun)
            self._begun = b""
        for line in lines:
            self._hear(_TERMINAL.sub(b"", line).decode(errors="replace").rstrip())

    def _hear(self, line: str) -> None:
        self._last.append(line)
        if _ERROR.match(line):
            self._errors.append(line)
        self._damage = self._damage or _DAMAGE.search(line) is not None
        logger.info("%s[%d]: %s", self._name, self._pid, line)
