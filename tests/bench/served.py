"""The server under load, started as a user starts it."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.bench.client import Figures, Load, run
from tests.process_tree import cpu_s

START_S = 120


class ServedModel:
    """`ascend-classify serve` in a process of its own, ready when entered. Its log goes into a file: a pipe would have to be read.

    It infers in f32 if the environment does not say PRECISION, as the ceiling does.
    """

    def __init__(self, **settings: object) -> None:
        self._log = Path(tempfile.mkdtemp(prefix="bench-")) / "server.log"
        settings = {"evaluation_dir": self._log.parent / "evaluations"} | settings
        environment = {"PRECISION": "f32"} | os.environ | {name.upper(): str(value) for name, value in settings.items()}
        command = [sys.executable, "-m", "server", "serve", "--port", "0", "--log-format", "json"]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(command, env=environment, stderr=log)
        self.url = self._wait_for(r"listening on (http://[^\"]+)")
        self._wait_for(r"(ready): ")

    def _wait_for(self, pattern: str) -> str:
        deadline_s = time.monotonic() + START_S
        while time.monotonic() < deadline_s and self._process.poll() is None:
            if found := re.search(pattern, self._log.read_text("utf-8")):
                return found[1]
            time.sleep(0.05)
        self._process.kill()
        raise RuntimeError(f"The server did not start:\n{self._log.read_text('utf-8')}")

    def cpu_s(self) -> float:
        """Processor time that the server and its engines' processes have used so far, user and system."""
        return cpu_s(self._process.pid)

    def loaded(self, body: Path, connections: int, seconds: float) -> tuple[Figures, float]:
        """The figures of a closed loop, and the CPU-ms that the server spent on each answer."""
        before_s = self.cpu_s()
        found = run(Load(self.url, str(body), connections, seconds))
        return found, (self.cpu_s() - before_s) / max(1, found["answered"]) * 1000

    @property
    def pid(self) -> int:
        """Its process."""
        return self._process.pid

    @property
    def address(self) -> tuple[str, int]:
        """Its address and port."""
        host, _, port = self.url.partition("://")[2].rpartition(":")
        return host, int(port)

    def memory_bytes(self) -> int:
        """Resident memory."""
        return int(Path(f"/proc/{self._process.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._process.send_signal(signal.SIGTERM)
        self._process.wait()
        shutil.rmtree(self._log.parent)
