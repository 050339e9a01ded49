"""LATENCY_MODE=on held against off: two servers get one request after the other, in turns."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from tests.bench import chosen
from tests.bench.client import Figures
from tests.bench.served import ServedModel
from tests.bench.table import Goal

MODES = ("off", "on")
GOAL = 0.65
WARM_UP_S = 10.0  # the second model is compiled at the first lone picture two seconds after the start, beside the requests
HEADINGS = "| LATENCY_MODE | p50 ms | p99 ms | requests/s | CPU-ms | MiB |\n|---|---|---|---|---|---|"


@dataclass
class Found:
    """Every single measurement of one engine, by mode."""

    what: str
    loads: dict[str, list[Figures]] = field(default_factory=lambda: {mode: [] for mode in MODES})
    cpu_ms: dict[str, list[float]] = field(default_factory=lambda: {mode: [] for mode in MODES})
    memory_bytes: dict[str, int] = field(default_factory=dict)

    @property
    def goal(self) -> Goal:
        """The promise: the median of the pairs' ratios."""
        share = median(on["p50_ms"] / off["p50_ms"] for off, on in zip(*(self.loads[mode] for mode in MODES), strict=True))
        return Goal(f"{self.what}: p50 at 1 connection, LATENCY_MODE=on ÷ off", share, GOAL, at_least=False)

    def row(self, mode: str) -> str:
        """A line of the table: medians."""
        p50_ms, p99_ms, rate = (median(load[name] for load in self.loads[mode]) for name in ("p50_ms", "p99_ms", "rate"))
        cpu_ms, mib = median(self.cpu_ms[mode]), self.memory_bytes[mode] / 2**20
        return f"| {self.what}, {mode} | {p50_ms:.1f} | {p99_ms:.1f} | {rate:.1f} | {cpu_ms:.2f} | {mib:.0f} |"


def compare_latency_modes(
    store: Path, model: str, image: Path, engine: str, pairs: int, seconds: float, tell: Callable[[str], None], warm_up_s: float = WARM_UP_S
) -> Found:
    """Measure both in turns, the first of a pair being now the one, now the other."""
    found = Found(f"{model}, {engine}, {chosen.precision()}")
    served: dict[str, object] = {"model_store": store, "model": model, "engines": engine}
    with ServedModel(**served, latency_mode="off") as off, ServedModel(**served, latency_mode="on") as on:
        servers = dict(zip(MODES, (off, on), strict=True))
        for server in servers.values():
            server.loaded(image, 1, warm_up_s)
        for pair in range(1, pairs + 1):
            tell(f"{found.what}: pair {pair} of {pairs}")
            for mode in MODES if pair % 2 else MODES[::-1]:
                figures, cpu_ms = servers[mode].loaded(image, 1, seconds)
                found.loads[mode].append(figures)
                found.cpu_ms[mode].append(cpu_ms)
        found.memory_bytes = {mode: server.memory_bytes() for mode, server in servers.items()}
    return found
