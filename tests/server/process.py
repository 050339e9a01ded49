"""The real server in a process of its own, as a user starts it."""

import json
import os
import re
import signal
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from tests.process_tree import memory_bytes
from tests.server.forked_command import ForkedCommand

NEW_PROCESS = (sys.executable, "-m", "server")
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""For clients of plain HTTP: without it each `httpx.Client` loads the certificates of all authorities, 40 ms of a core."""


class ServerProcess:
    """`ascend-classify serve` on a free port; ready when entered, ended by SIGTERM when left."""

    def __init__(
        self,
        *,
        ready: bool = True,
        ready_s: float = 30,
        cwd: Path | None = None,
        python: Sequence[str] = (),
        **environment: object,
    ) -> None:
        """With `python`, the words that start the command line, it is a new process; else a fork, which is ready a second earlier."""
        settings = {name.upper(): str(value) for name, value in environment.items()}
        self._folder = tempfile.TemporaryDirectory(prefix="server-")
        self.evaluations = settings.setdefault("EVALUATION_DIR", f"{self._folder.name}/evaluations")
        self.grpc_port = int(settings.get("GRPC_PORT", 0))
        self._log: list[dict[str, Any]] = []
        arguments, settings = ["serve", "--port", "0", "--log-format", "json"], os.environ | {"DRAIN_DELAY_S": "0"} | settings
        self._process: subprocess.Popen[str] | ForkedCommand
        if python:
            self._process = subprocess.Popen([*python, *arguments], env=settings, stderr=subprocess.PIPE, text=True, cwd=cwd)
        else:
            self._process = ForkedCommand(arguments, settings, cwd)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.url = self._wait_for(lambda line: line["message"].startswith("listening on"))["message"].removeprefix("listening on ")
        self.client = httpx.Client(base_url=self.url, timeout=30, verify=NO_TLS, limits=httpx.Limits(max_connections=None))
        if ready:
            self._wait_for(lambda line: line["message"].startswith("ready:"), ready_s)

    @property
    def pid(self) -> int:
        """The process."""
        return self._process.pid

    def memory_mb(self, kind: str = "VmRSS") -> float:
        """The resident memory of the server and its engine processes in MiB: now, or the most that each ever had (`VmHWM`)."""
        return memory_bytes(self.pid, kind) / 2**20

    @property
    def address(self) -> tuple[str, int]:
        """For a bare socket."""
        host, _, port = self.url.partition("://")[2].rpartition(":")
        return host, int(port)

    def troubles(self) -> list[str]:
        """The lines of the log above the level of information."""
        return [json.dumps(line) for line in self._log if line.get("level") not in ("debug", "info")]

    def _read(self) -> None:
        assert self._process.stderr
        for line in self._process.stderr:
            self._log.append(json.loads(line) if line.startswith("{") else {"message": line.rstrip()})

    def _wait_for(self, wanted: Any, timeout_s: float = 30) -> dict[str, Any]:
        deadline_s = time.monotonic() + timeout_s
        while time.monotonic() < deadline_s:
            found = next((line for line in self._log if wanted(line)), None)
            if found:
                return found
            if self._process.poll() is not None:
                break
            time.sleep(0.01)
        self._process.kill()
        raise AssertionError(f"the server did not come up: {self._log}")

    def log(self, message: str) -> dict[str, Any]:
        """Wait for a log line that contains a text, in its message or its fields."""
        return self._wait_for(lambda line: message in json.dumps(line))

    def lines(self, message: str) -> int:
        """How many lines of the log begin so."""
        return sum(line["message"].startswith(message) for line in self._log)

    def metric(self, name: str, **labels: str) -> float:
        """The sum of the samples of a metric that have these labels."""
        total = 0.0
        for line in self.client.get("/metrics").text.splitlines():
            match = re.fullmatch(r"(\w+)(?:\{(.*)\})? (\S+)", line)
            if match and match[1] == name and all(f'{key}="{value}"' in (match[2] or "") for key, value in labels.items()):
                total += float(match[3])
        return total

    def signal(self, number: signal.Signals) -> None:
        """Send a signal."""
        self._process.send_signal(number)

    def wait(self, timeout_s: float = 30) -> int:
        """The exit code, once it ends."""
        self.client.close()
        code = self._process.wait(timeout_s)
        self._reader.join()
        if self._process.stderr:
            self._process.stderr.close()
        self._folder.cleanup()
        return code

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._process.poll() is None:
            self.signal(signal.SIGTERM)
        self.wait()
