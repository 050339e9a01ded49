"""Reduced decode held against exact decode: two servers get the same photo of 12 megapixels in turns."""

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from tests.bench.served import ServedModel
from tests.bench.table import Goal
from tests.factories.large_photos import LARGE_PHOTOS

CONNECTIONS = 8
GOALS = {"1.2 MB": 2.8, "3 MB": 1.9, "5 MB": 1.35}
SLOWEST = 0.1  # images a second: on a busy machine it can happen that no answer comes
DECODES = ("exact", "reduced")
HEADINGS = "| photo | engine | exact img/s | reduced img/s | ÷ | exact CPU-ms | reduced CPU-ms | ÷ |\n|---|---|---|---|---|---|---|---|"


@dataclass
class Found:
    """Every single measurement of one photo, by the way it was decoded."""

    photo: str
    engine: str
    rates: dict[str, list[float]] = field(default_factory=lambda: {decode: [] for decode in DECODES})
    cpu_ms: dict[str, list[float]] = field(default_factory=lambda: {decode: [] for decode in DECODES})
    """CPU time that the server spent on each answer."""

    @property
    def gain(self) -> float:
        """The median of the pairs' ratios: the throughput of reduced decode ÷ that of exact decode."""
        return median(reduced / max(exact, SLOWEST) for exact, reduced in _pairs(self.rates))

    @property
    def cpu_gain(self) -> float:
        """The same of the CPU time, which is steadier on a machine that others use."""
        return median(exact / reduced for exact, reduced in _pairs(self.cpu_ms))

    @property
    def goal(self) -> Goal | None:
        """The promise; None for a progressive photo, which has none."""
        least = GOALS.get(self.photo)
        return Goal(f"{self.photo}, {self.engine}: reduced ÷ exact", self.gain, least) if least else None

    def row(self) -> str:
        """A line of the table."""
        rates, cpu_ms = ([median(found[decode]) for decode in DECODES] for found in (self.rates, self.cpu_ms))
        figures = (*(f"{rate:.1f}" for rate in rates), f"{self.gain:.2f}", *(f"{each:.1f}" for each in cpu_ms), f"{self.cpu_gain:.2f}")
        return f"| {self.photo} | {self.engine} | {' | '.join(figures)} |"


def _pairs(found: dict[str, list[float]]) -> list[tuple[float, float]]:
    return list(zip(found["exact"], found["reduced"], strict=True))


def compare_decodes(store: Path, model: str, engine: str, pairs: int, seconds: float, tell: Callable[[str], None]) -> Iterator[Found]:
    """Each photo, and the progressive form of each, as it is measured."""
    photos = {name: make() for name, make in LARGE_PHOTOS.items()}
    photos |= {f"{name}, progressive": make(progressive=True) for name, make in LARGE_PHOTOS.items()}
    served: dict[str, object] = {"model_store": store, "model": model, "engines": engine}
    with (
        tempfile.TemporaryDirectory() as folder,
        ServedModel(**served, decode="exact") as exact,
        ServedModel(**served, decode="reduced") as reduced,
    ):
        servers = dict(zip(DECODES, (exact, reduced), strict=True))
        for name, photo in photos.items():
            path = Path(folder) / "photo.jpg"
            path.write_bytes(photo)
            found = Found(name, engine)
            for pair in range(1, pairs + 1):
                tell(f"{name}, {engine}: pair {pair} of {pairs}")
                for decode, server in servers.items():
                    figures, cpu_ms = server.loaded(path, CONNECTIONS, seconds)
                    found.rates[decode].append(figures["rate"])
                    found.cpu_ms[decode].append(cpu_ms)
            yield found
