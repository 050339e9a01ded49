"""A server under attack, with a victim beside: the processes, and what they found."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from tests.attack.bodies import write_trap
from tests.level_model import store_level_model
from tests.server.process import ServerProcess

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
    with program("attackers", name, *server.address, seconds, bodies) as running:
        assert running.stdout
        assert running.stdout.readline() == "ready\n"
        yield answers
        answers |= json.loads(running.stdout.read())


@contextmanager
def besieged_server(folder: Path, **settings: Any) -> Iterator[ServerProcess]:
    """The level model with the default limits, and a set that is a trap."""
    store_level_model(folder / "store")
    write_trap(folder / "trap")
    with ServerProcess(
        model_store=folder / "store",
        model="level",
        runtime="cpu",
        evaluation_roots=f"trap={folder / 'trap'}",
        ready_s=60,
        drain_s=5,
        **settings,
    ) as server:
        yield server
