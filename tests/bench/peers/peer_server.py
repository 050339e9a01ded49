"""A peer's server in a process of its own, and the processor time of all its processes."""

import os
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.error import URLError
from urllib.request import Request, urlopen

from tests.bench.peers.environments import Peer
from tests.process_tree import cpu_s, process_tree

START_S = 120
STOP_S = 20
PROGRAMS = Path(__file__).parent / "programs"


class PeerServer:
    """Serves a network until the end of the block; ready when entered. `body` is a request that it must answer first."""

    def __init__(self, peer: Peer, python: Path, arguments: tuple[str, ...], body: bytes, content_type: str) -> None:
        self._port = free_port()
        self.url = f"http://127.0.0.1:{self._port}"
        self._folder = tempfile.TemporaryDirectory(prefix="peer-", ignore_cleanup_errors=True)
        self._log = Path(self._folder.name) / "log"
        command = [str(python), str(PROGRAMS / peer.program), *arguments, str(self._port)]
        environment = os.environ | {"RAY_USAGE_STATS_ENABLED": "0", "PYTHONWARNINGS": "ignore", "TMPDIR": self._folder.name}
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
        self.pid = self._process.pid
        request = Request(f"{self.url}/classify", body, {"Content-Type": content_type})  # noqa: S310 - the loopback
        try:
            self._wait_for_an_answer(request)
        except BaseException:
            self.close()
            raise

    def _wait_for_an_answer(self, request: Request) -> None:
        deadline_s = time.monotonic() + START_S
        while time.monotonic() < deadline_s and self._process.poll() is None:
            try:
                with urlopen(request, timeout=10) as answer:  # noqa: S310 - the loopback
                    answer.read()
                    return
            except (URLError, OSError):
                time.sleep(0.2)
        raise RuntimeError(f"It did not answer. Its log ends with:\n{self._log.read_text('utf-8', 'replace')[-2000:]}")

    def cpu_s(self) -> float:
        """Processor time that its living processes have used so far, user and system."""
        return cpu_s(self.pid)

    def close(self) -> None:
        """End it and all its processes."""
        pids = [pid for pid, _ in process_tree(self.pid)]
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        self._folder.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def free_port() -> int:
    """A port of the loopback that nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port
