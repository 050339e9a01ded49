"""What a request costs by the way that several processes serve: one server, engine processes, HAProxy over two servers, others."""

import os
import shlex
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from urllib.error import URLError
from urllib.request import Request, urlopen

from tests.bench.client import Figures, Load, run
from tests.bench.peers.peer_server import free_port
from tests.bench.served import ServedModel
from tests.deploy.haproxy.balancers import haproxy
from tests.process_tree import cpu_s, shared_memory_bytes

CONNECTIONS = 32
START_S = 180
STOP_S = 30
Settings = Mapping[str, str]


@dataclass(frozen=True)
class Serving:
    """A setup that serves: its address, and the processes that it began with."""

    url: str
    pids: tuple[int, ...]

    def cpu_s(self) -> float:
        """Processor time of all its processes so far, user and system."""
        return sum(map(cpu_s, self.pids))

    def memory_bytes(self) -> int:
        """Memory of all its processes."""
        return sum(map(shared_memory_bytes, self.pids))


@dataclass
class Setup:
    """One way to serve, and all its measurements so far."""

    name: str
    open: Callable[[], AbstractContextManager[Serving]]
    loads: list[Figures] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)
    memory_bytes: int = 0


@contextmanager
def _one(settings: Settings, **more: object) -> Iterator[Serving]:
    with ServedModel(**settings, **more) as server:
        yield Serving(server.url, (server.pid,))


@contextmanager
def _behind_haproxy(settings: Settings) -> Iterator[Serving]:
    with (
        tempfile.TemporaryDirectory(prefix="haproxy-") as folder,
        ServedModel(**settings) as first,
        ServedModel(**settings) as second,
        haproxy([first.address, second.address], Path(folder)) as before,
    ):
        yield Serving(before.url, (before.pid, first.pid, second.pid))


@contextmanager
def _other(command: str, settings: Settings, image: Path) -> Iterator[Serving]:
    """What somebody else's command serves; it is ready when it has answered the picture."""
    port = free_port()
    environment = os.environ | {name.upper(): value for name, value in settings.items()} | {"PORT": str(port)}
    with tempfile.TemporaryDirectory(prefix="other-", ignore_cleanup_errors=True) as folder:
        log = Path(folder) / "log"
        with log.open("wb") as written:
            environment["EVALUATION_DIR"] = f"{folder}/evaluations"
            process = subprocess.Popen(shlex.split(command), env=environment, stdout=written, stderr=written)
        try:
            url, deadline_s = f"http://127.0.0.1:{port}", time.monotonic() + START_S
            while not _answers(url, image):
                if time.monotonic() > deadline_s or process.poll() is not None:
                    raise RuntimeError(f"{command} did not answer:\n{log.read_text('utf-8', 'replace')[-2000:]}")
                time.sleep(0.2)
            yield Serving(url, (process.pid,))
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(STOP_S)


def _answers(url: str, image: Path) -> bool:
    try:
        with urlopen(Request(f"{url}/classify", image.read_bytes()), timeout=10) as answer:  # noqa: S310 - the loopback
            return bool(answer.read())
    except (URLError, OSError):
        return False


def setups(settings: Settings, image: Path, others: Mapping[str, str]) -> Iterator[Setup]:
    """All that can run here; `others` are commands by their names."""
    yield Setup("one process", lambda: _one(settings))
    yield Setup("four engine processes", lambda: _one(settings, engine_processes="yes", devices="0,1,2,3"))
    if shutil.which("haproxy"):
        yield Setup("HAProxy, two servers", lambda: _behind_haproxy(settings))
    for name, command in others.items():
        yield Setup(name, lambda command=command: _other(command, settings, image))  # type: ignore[misc]


def compare_setups(
    settings: Settings, image: Path, others: Mapping[str, str], pairs: int, seconds: float, tell: Callable[[str], None]
) -> list[Setup]:
    """Measure all in turns, each with the same load; the first is one process."""
    found = list(setups(settings, image, others))
    with ExitStack() as opened:
        serving = []
        for setup in found:
            tell(f"starting: {setup.name}")
            serving.append(opened.enter_context(setup.open()))
        for number in range(1, pairs + 1):
            for setup, one in zip(found, serving, strict=True):
                tell(f"{number} of {pairs}: {setup.name}")
                before_s = one.cpu_s()
                load = run(Load(one.url, str(image), CONNECTIONS, seconds))
                setup.cpu_ms.append((one.cpu_s() - before_s) / max(1, load["answered"]) * 1000)
                setup.loads.append(load)
                setup.memory_bytes = max(setup.memory_bytes, one.memory_bytes())
    return found


def scaling_lines(model: str, found: list[Setup]) -> Iterator[str]:
    """A Markdown table, medians of all turns; statuses of all together."""
    yield f"| {model} | requests/s | ÷ one process | p50 ms | p99 ms | CPU-ms | memory MB | not answered with 200 |"
    yield "|---|---|---|---|---|---|---|---|"
    for one in found:
        rate, p50_ms, p99_ms = (median(load[key] for load in one.loads) for key in ("rate", "p50_ms", "p99_ms"))
        ratio = median(load["rate"] / max(first["rate"], 0.001) for load, first in zip(one.loads, found[0].loads, strict=True))
        refused = sum(count for load in one.loads for status, count in load["statuses"].items() if status != "200")
        figures = f"{rate:.0f} | {ratio:.2f} | {p50_ms:.1f} | {p99_ms:.1f} | {median(one.cpu_ms):.2f} | {one.memory_bytes / 1e6:.0f}"
        yield f"| {one.name} | {figures} | {refused} |"
    yield ""
