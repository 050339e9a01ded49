"""A server under attack, with a victim beside: the processes, and what they found."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Generic, TypeVar

from tests.attack.bodies import write_trap
from tests.bench.peers.peer_server import free_port
from tests.level_model import store_level_model
from tests.server.process import ServerProcess

T = TypeVar("T")
ATTACK_S = 0.75
"""An attack begins so long before the victim comes, and goes on so long after it has gone."""


@dataclass(frozen=True)
class Found:
    """The measurements of a victim."""

    statuses: dict[str, int]
    latencies_ms: list[float]

    @property
    def p99_ms(self) -> float:
        """The 99th percentile; of less than hundred requests the longest."""
        ordered = sorted(self.latencies_ms)
        return ordered[-1 - len(ordered) // 100]

    def __str__(self) -> str:
        return f"p50 {median(self.latencies_ms):.0f} ms, p99 {self.p99_ms:.0f} ms"


class Kept(Generic[T]):
    """What is made for a name, one at a time: kept as long as the same name is asked for."""

    def __init__(self, make: Callable[[str], AbstractContextManager[T]]) -> None:
        self._make = make
        self._made: dict[str, T] = {}
        self._stack = ExitStack()

    def of(self, name: str) -> T:
        """That of this name."""
        if name not in self._made:
            self.close()
            self._made[name] = self._stack.enter_context(self._make(name))
        return self._made[name]

    def close(self) -> None:
        """End it."""
        self._made.clear()
        self._stack.close()


def program(module: str, *arguments: object) -> "subprocess.Popen[str]":
    """A program of this folder."""
    return subprocess.Popen([sys.executable, "-m", f"tests.attack.{module}", *map(str, arguments)], stdout=subprocess.PIPE, text=True)


def victim(server: ServerProcess, seconds: float, bodies: Path) -> Found:
    """A victim for so long."""
    with program("victim", *server.address, seconds, bodies / "good.png") as running:
        assert running.stdout
        return Found(*json.loads(running.stdout.read()))


@contextmanager
def attacked(server: ServerProcess, name: str, seconds: float, bodies: Path) -> Iterator[dict[str, Any]]:
    """Attack for so long; what the attackers were answered is there at the end."""
    answers: dict[str, Any] = {}
    with program("attackers", name, *server.address, server.grpc_port, seconds, bodies) as running:
        assert running.stdout
        assert running.stdout.readline() == "ready\n"
        yield answers
        answers |= json.loads(running.stdout.read())


@contextmanager
def besieged_server(folder: Path, **settings: Any) -> Iterator[ServerProcess]:
    """The level model with the default limits, over HTTP and gRPC, and a set that is a trap."""
    store_level_model(folder / "store")
    write_trap(folder / "trap")
    with ServerProcess(
        model_store=folder / "store",
        model="level",
        runtime="cpu",
        grpc_port=free_port(),
        evaluation_roots=f"trap={folder / 'trap'}",
        ready_s=60,
        drain_s=5,
        **settings,
    ) as server:
        yield server
