"""HAProxy and nginx with the repository's configurations, before servers of a test."""

import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.deploy.places import DEPLOY
from tests.deploy.watching import free_address, replaced

HAPROXY, NGINX = DEPLOY / "haproxy/haproxy.cfg", DEPLOY / "nginx/nginx.conf"
START_S = 10
Addresses = Sequence[tuple[str, int]]


@dataclass(frozen=True)
class Balancer:
    """One that runs: where clients ask it, its process, and where it tells about itself."""

    address: tuple[str, int]
    pid: int
    watch: str = ""

    @property
    def url(self) -> str:
        """Its address for clients."""
        return "http://{}:{}".format(*self.address)

    def metric(self, name: str, *labels: str) -> float:
        """The sum of the samples of a metric of HAProxy that have all these labels."""
        lines = httpx.get(f"{self.watch}/metrics").text.splitlines()
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(f"{name}{{") and all(one in line for one in labels))


def wait_until(condition: Callable[[], object], seconds: float = START_S) -> None:
    """Until something is so; raises AssertionError when it is not in so many seconds."""
    deadline_s = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline_s, f"not so after {seconds:g} s"
        time.sleep(0.02)


def _listens(address: tuple[str, int]) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(address) == 0


def _named(address: tuple[str, int]) -> str:
    return "{}:{}".format(*address)


@contextmanager
def _running(command: list[str], address: tuple[str, int], log: Path, environment: dict[str, str]) -> Iterator[int]:
    with log.open("wb") as written:
        process = subprocess.Popen(command, env=os.environ | environment, stdout=written, stderr=written)
    try:
        wait_until(lambda: _listens(address) or process.poll() is not None)
        assert process.poll() is None, log.read_text()
        yield process.pid
    finally:
        process.terminate()
        process.wait(START_S)


@contextmanager
def haproxy(servers: Addresses, folder: Path, **changes: str) -> Iterator[Balancer]:
    """HAProxy before two servers; `changes` are other values of keywords, such as maxconn of a server."""
    (host, _, port), watch = free_address().partition(":"), free_address()
    file = folder / "haproxy.cfg"
    file.write_text(HAPROXY.read_text("utf-8"), "utf-8")
    for words, value in changes.items():
        replaced(file, f"{words.replace('_', ' ')} 64", f"{words.replace('_', ' ')} {value}")
    environment = {"LISTEN": f"{host}:{port}", "WATCH": watch}
    environment |= {f"SERVER_{name}": _named(server) for name, server in zip("AB", servers, strict=True)}
    with _running(["haproxy", "-db", "-f", str(file)], (host, int(port)), folder / "haproxy.log", environment) as pid:
        yield Balancer((host, int(port)), pid, f"http://{watch}")


@contextmanager
def nginx(servers: Addresses, folder: Path) -> Iterator[Balancer]:
    """nginx before two servers, in one process and below a folder."""
    host, _, port = free_address().partition(":")
    file = folder / "nginx.conf"
    temporary = "".join(f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    file.write_text(NGINX.read_text("utf-8"), "utf-8")
    replaced(file, "listen 8000;", f"listen {host}:{port};")
    replaced(file, "access_log off;", f"access_log off; {temporary}")
    for example, server in zip(("10.0.0.11:8000", "10.0.0.12:8000"), servers, strict=True):
        file.write_text(file.read_text("utf-8").replace(example, _named(server)), "utf-8")
    command = ["nginx", "-p", str(folder), "-c", str(file), "-g", f"daemon off; master_process off; pid {folder}/nginx.pid;"]
    with _running(command, (host, int(port)), folder / "nginx.log", {}) as pid:
        yield Balancer((host, int(port)), pid)
