"""Ceiling and server, measured in turns, so that both meet the same machine."""

from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Literal

from tests.bench import chosen
from tests.bench.ceiling import Ceiling
from tests.bench.client import Figures
from tests.bench.served import ServedModel


@dataclass(frozen=True)
class Subject:
    """A model to measure, for how many seconds at a time; `ceiling` names what it is held against (see ceiling.py)."""

    model: str
    seconds: float
    ceiling: str = "loop"


NULL = "null engine"
SUBJECTS = {
    "small_cnn": Subject("small_cnn", 4),
    "efficientnet_lite0": Subject("efficientnet_lite0", 4),
    "resnext101_32x4d": Subject("resnext101_32x4d", 12, "infer"),
    NULL: Subject(NULL, 4, ""),
}


@dataclass
class Row:
    """Everything measured with so many connections, one entry a pair."""

    connections: int
    loads: list[Figures] = field(default_factory=list)
    ratios: list[float] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)
    """CPU time that the server spent on each answer."""

    def median(self, name: Literal["rate", "p50_ms", "p99_ms", "client_cores"]) -> float:
        """The median of one figure."""
        return median(load[name] for load in self.loads)

    @property
    def statuses(self) -> Counter[str]:
        """How often each status came, in all pairs."""
        return sum((Counter(load["statuses"]) for load in self.loads), Counter())


@dataclass
class Measured:
    """One subject; `f32_rates` are images/s of the ceiling in f32, beside one in another precision."""

    subject: Subject
    threads: int = 0
    ceilings: list[dict[str, float]] = field(default_factory=list)
    passes: list[dict[str, float]] = field(default_factory=list)
    rows: dict[int, Row] = field(default_factory=dict)
    engines: str = "stream"
    precision: str = "f32"
    f32_rates: list[float] = field(default_factory=list)

    def ceiling(self, name: str) -> float:
        """The median of one figure of the ceiling; not a number for the null engine, which has none."""
        return median(one[name] for one in self.ceilings) if self.ceilings else float("nan")

    def as_json(self) -> dict[str, object]:
        """Every single measurement."""
        return asdict(self)


def measure(subject: Subject, store: Path, image: Path, connections: list[int], pairs: int, tell: Callable[[str], None]) -> Measured:
    """Start both, and measure them in turns."""
    rows = {number: Row(number) for number in connections}
    measured = Measured(subject, rows=rows, engines=chosen.engines(), precision=chosen.precision())
    settings: dict[str, object] = {"model_store": store, "model": subject.model} if subject.ceiling else {"engines": "fake"}
    with ServedModel(**settings) as server:
        if not subject.ceiling:
            _rounds(measured, server, None, None, image, pairs, tell)
        else:
            with Ceiling(store, subject.model, image) as ceiling, _in_f32(store, subject.model, image) as f32:
                measured.threads = ceiling.best_threads(subject.seconds / 4) if subject.ceiling == "loop" else 0
                _rounds(measured, server, ceiling, f32, image, pairs, tell)
    return measured


def _in_f32(store: Path, model: str, image: Path) -> AbstractContextManager[Ceiling | None]:
    """The ceiling in f32, if another precision is measured."""
    return nullcontext() if chosen.precision() == "f32" else Ceiling(store, model, image, "f32")


def _rounds(
    measured: Measured,
    server: ServedModel,
    ceiling: Ceiling | None,
    f32: Ceiling | None,
    image: Path,
    pairs: int,
    tell: Callable[[str], None],
) -> None:
    seconds = measured.subject.seconds
    for pair in range(1, pairs + 1):
        tell(f"{measured.subject.model}: pair {pair} of {pairs}")
        if ceiling:
            measured.ceilings.append(ceiling.measure(measured.subject.ceiling, measured.threads, seconds))
            measured.passes.append(ceiling.measure("loop", 1, max(1.0, seconds / 4)))
        if f32:
            measured.f32_rates.append(f32.measure(measured.subject.ceiling, measured.threads, seconds)["rate"])
        for row in measured.rows.values():
            found, cpu_ms = server.loaded(image, row.connections, seconds)
            row.loads.append(found)
            row.cpu_ms.append(cpu_ms)
            row.ratios.append(found["rate"] / measured.ceilings[-1]["rate"] if ceiling else float("nan"))
