"""The load client: an event loop over bare sockets, in a process of its own, which reports what it cost itself.

Closed loop: every connection sends its next request when the last is answered. Open loop (`rate`): requests are due at the
instants of a Poisson process, and their latency counts from the instant they were due, whether or not a connection was free.
"""

import asyncio
import json
import random
import subprocess
import sys
from collections import Counter, deque
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter, process_time
from typing import TypedDict, cast
from urllib.parse import urlsplit

import uvloop

WARM_UP_S = 1.0


@dataclass(frozen=True)
class Load:
    """The load: `path` holds the body, of the type `content_type`, for the route `target`; `rate` in requests/s makes it an open loop.

    `head_bytes` is how many bytes of the body are the JSON of an inference request (Open Inference Protocol).
    """

    url: str
    path: str
    connections: int
    seconds: float
    rate: float = 0.0
    seed: int = 1
    content_type: str = "image/jpeg"
    target: str = "/classify"
    head_bytes: int = 0


class Figures(TypedDict):
    """The result of a load: answers with 200 a second and their latencies, how long a refusal took, and what the client cost."""

    rate: float
    p50_ms: float
    p99_ms: float
    refusal_p99_ms: float
    statuses: dict[str, int]
    answered: int
    unsent: int
    client_cores: float


@dataclass(frozen=True)
class Answered:
    """One answer: when it came and after how long, in seconds."""

    status: int
    at_s: float
    latency_s: float


class Connection(asyncio.Protocol):
    """One connection with one request under way at most."""

    def __init__(self, driver: "Driver") -> None:
        self._driver = driver
        self._received = b""
        self._transport: asyncio.Transport | None = None
        self._due_s: float | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Report as free."""
        self._transport = cast("asyncio.Transport", transport)
        self._driver.free(self)

    def send(self, due_s: float) -> None:
        """Send the request that was due at an instant."""
        assert self._transport
        self._due_s, self._received = due_s, b""
        self._transport.write(self._driver.request)

    def data_received(self, data: bytes) -> None:
        """Collect the answer; when it is whole, record it."""
        self._received += data
        head, found, body = self._received.partition(b"\r\n\r\n")
        if found and _whole(head, body):
            due_s, self._due_s = self._due_s, None
            self._driver.answered(self, int(head[9:12]), due_s or 0.0)

    def connection_lost(self, _error: Exception | None) -> None:
        """An answer that never comes counts as status 0; a new connection takes this one's place."""
        self._driver.lost(self, self._due_s)

    def close(self) -> None:
        """Close it."""
        if self._transport:
            self._transport.abort()


class Driver:
    """Sends the load and keeps the answers."""

    def __init__(self, load: Load) -> None:
        body = Path(load.path).read_bytes()
        address = urlsplit(load.url)
        self._host, self._port = address.hostname or "", address.port or 80
        head = f"Inference-Header-Content-Length: {load.head_bytes}\r\n" if load.head_bytes else ""
        self.request = (
            f"POST {load.target} HTTP/1.1\r\nHost: {address.netloc}\r\nContent-Type: {load.content_type}\r\n{head}"
            f"Content-Length: {len(body)}\r\n\r\n"
        ).encode() + body
        self._load = load
        self._answers: list[Answered] = []
        self._idle: list[Connection] = []
        self._waiting: deque[float] = deque()
        self._connections: set[Connection] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._over = False

    async def run(self) -> Figures:
        """Drive the load; the figures."""
        loop = asyncio.get_running_loop()
        began_s, cpu_s = perf_counter(), 0.0
        for _ in range(self._load.connections):
            self._connect()
        pacing = loop.create_task(self._pace()) if self._load.rate else None
        await asyncio.sleep(WARM_UP_S)
        cpu_s = process_time()
        await asyncio.sleep(self._load.seconds)
        cpu_s = process_time() - cpu_s
        self._over = True
        if pacing:
            pacing.cancel()
        unanswered = len(self._waiting)
        for connection in list(self._connections):
            connection.close()
        start_s = began_s + WARM_UP_S
        inside = [one for one in self._answers if start_s <= one.at_s < start_s + self._load.seconds]
        found = figures(inside, self._load.seconds)
        found["answered"] = sum(one.status == 200 for one in self._answers)
        found["unsent"], found["client_cores"] = unanswered, cpu_s / self._load.seconds
        return found

    def _connect(self) -> None:
        task = asyncio.ensure_future(self._open())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _open(self) -> None:
        try:
            _, connection = await asyncio.get_running_loop().create_connection(lambda: Connection(self), self._host, self._port)
        except OSError:
            self._answers.append(Answered(0, perf_counter(), 0.0))
            return
        self._connections.add(connection)

    async def _pace(self) -> None:
        chance = random.Random(self._load.seed)  # noqa: S311 - a load, no secret
        due_s = perf_counter()
        while True:
            due_s += chance.expovariate(self._load.rate)
            await asyncio.sleep(due_s - perf_counter())
            if self._idle:
                self._idle.pop().send(due_s)
            else:
                self._waiting.append(due_s)

    def free(self, connection: Connection) -> None:
        """A connection has nothing to do."""
        if self._over:
            return
        if not self._load.rate:
            connection.send(perf_counter())
        elif self._waiting:
            connection.send(self._waiting.popleft())
        else:
            self._idle.append(connection)

    def answered(self, connection: Connection, status: int, due_s: float) -> None:
        """Record an answer and go on."""
        now_s = perf_counter()
        self._answers.append(Answered(status, now_s, now_s - due_s))
        self.free(connection)

    def lost(self, connection: Connection, due_s: float | None) -> None:
        """Record what was under way, and connect again."""
        self._connections.discard(connection)
        if connection in self._idle:
            self._idle.remove(connection)
        if self._over:
            return
        if due_s is not None:
            self._answers.append(Answered(0, perf_counter(), perf_counter() - due_s))
        self._connect()


def _whole(head: bytes, body: bytes) -> bool:
    head = head.lower()
    if b"\r\ntransfer-encoding: chunked" in head:  # Ray Serve
        return body.endswith(b"\r\n0\r\n\r\n")
    _, _, rest = head.partition(b"content-length:")
    return len(body) >= int(rest.partition(b"\r\n")[0] or 0)


def percentile_ms(latencies_s: list[float], percent: float) -> float:
    """The smallest latency that `percent` % do not exceed, in ms (nearest rank)."""
    if not latencies_s:
        return float("nan")
    ordered = sorted(latencies_s)
    rank = max(1, -(-len(ordered) * percent // 100))
    return ordered[int(rank) - 1] * 1000


def figures(answers: list[Answered], seconds: float) -> Figures:
    """The result of these answers, which came in so many seconds."""
    latencies_s = [one.latency_s for one in answers if one.status == 200]
    refusals_s = [one.latency_s for one in answers if one.status == 429]
    return Figures(
        rate=len(latencies_s) / seconds,
        p50_ms=percentile_ms(latencies_s, 50),
        p99_ms=percentile_ms(latencies_s, 99),
        refusal_p99_ms=percentile_ms(refusals_s, 99),
        statuses={str(status): number for status, number in sorted(Counter(one.status for one in answers).items())},
        answered=len(latencies_s),
        unsent=0,
        client_cores=0.0,
    )


def run(load: Load) -> Figures:
    """Send a load from a process of its own."""
    found: Figures = json.loads(subprocess.check_output([sys.executable, "-m", "tests.bench.client", json.dumps(asdict(load))]))
    return found


if __name__ == "__main__":
    sys.stdout.write(json.dumps(uvloop.run(Driver(Load(**json.loads(sys.argv[1]))).run())))
