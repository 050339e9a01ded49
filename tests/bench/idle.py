"""The cost of connections that are open and do nothing.

`python -m tests.bench.idle URL BODY COUNT` opens so many, has one request answered on each, says so, and keeps them until its
input ends.
"""

import resource
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from tests.bench.client import Figures, Load, run
from tests.bench.served import ServedModel

FILES_BESIDES = 64
ACTIVE = 8
HEAD = "| idle connections | resident MiB | KiB a connection | answers/s of 8 active ones | p99 ms |\n|---|---|---|---|---|"


class Idle:
    """So many idle connections, held by a process of its own."""

    def __init__(self, url: str, body: Path, count: int) -> None:
        command = [sys.executable, "-m", "tests.bench.idle", url, str(body), str(count)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout
        if not self._process.stdout.readline():
            raise RuntimeError(f"{count} connections could not be opened.")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._process.communicate()


@dataclass(frozen=True)
class Cost:
    """The measurements beside so many idle connections; `grown_bytes` is what the server holds more than without any."""

    idle: int
    resident_bytes: int
    grown_bytes: int
    active: Figures

    def __str__(self) -> str:
        each = f"{self.grown_bytes / self.idle / 1024:.1f}" if self.idle else ""
        active = f"{self.active['rate']:.0f} | {self.active['p99_ms']:.1f}"
        return f"| {self.idle} | {self.resident_bytes / 2**20:.0f} | {each} | {active} |"


def costs(counts: list[int], body: Path, seconds: float) -> Iterator[Cost]:
    """Measure one server with the null engine; the first number should be 0."""
    with ServedModel(engines="fake", keep_alive_s=3600) as server:
        load = Load(server.url, str(body), ACTIVE, seconds)
        run(load)  # so that what the server allocates once is there
        alone_bytes = server.memory_bytes()
        for count in counts:
            with Idle(server.url, body, count):
                resident_bytes = server.memory_bytes()
                yield Cost(count, resident_bytes, resident_bytes - alone_bytes, run(load))


def hold(url: str, body: Path, count: int) -> list[HTTPConnection]:
    """Open connections; each has had one answer with 200."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(count + FILES_BESIDES, hard)), hard))
    held = [HTTPConnection(urlsplit(url).netloc) for _ in range(count)]
    image = body.read_bytes()
    for connection in held:
        connection.request("POST", "/classify", image)
        response = connection.getresponse()
        if response.status != HTTPStatus.OK:
            raise RuntimeError(f"A request was answered with {response.status}.")
        response.read()
    return held


if __name__ == "__main__":
    connections = hold(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
    sys.stdout.write(f"{len(connections)}\n")
    sys.stdout.flush()
    sys.stdin.read()
