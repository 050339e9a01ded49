"""An evaluation held against the ceiling, and what it does to the requests beside it, measured in turns."""

import json
import os
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from tests.bench.ceiling import Ceiling
from tests.bench.client import Load, run
from tests.bench.served import ServedModel
from tests.bench.table import Goal

CONNECTIONS = 4
DATASET = "bench"
GOALS = {"efficientnet_lite0": 0.96, "small_cnn": 0.85}
ENDLESS = 20_000  # images: more than any machine does while the load lasts


@dataclass
class Found:
    """Every single measurement of one model."""

    model: str
    rates: list[float] = field(default_factory=list)
    ceilings: list[float] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)
    """CPU time that the server spent on each image; see `ceiling_cpu_ms`."""
    ceiling_cpu_ms: list[float] = field(default_factory=list)
    alone_ms: list[float] = field(default_factory=list)
    """p99 of /classify without an evaluation."""
    beside_ms: list[float] = field(default_factory=list)
    """And with one."""
    beside_rates: list[float] = field(default_factory=list)
    """Images a second of that evaluation."""

    @property
    def goal(self) -> Goal | None:
        """The promise; None for a model that has none."""
        shares = [rate / ceiling for rate, ceiling in zip(self.rates, self.ceilings, strict=True)]
        least = GOALS.get(self.model)
        return Goal(f"{self.model}: evaluation ÷ ceiling", median(shares), least) if least else None

    def __str__(self) -> str:
        shares = ", ".join(f"{rate / ceiling:.2f}" for rate, ceiling in zip(self.rates, self.ceilings, strict=True))
        return (
            f"{self.model}: evaluation {median(self.rates):.1f} images/s, ceiling {median(self.ceilings):.1f}, ÷ {shares}; "
            f"CPU-ms an image {median(self.cpu_ms):.2f}, ceiling {median(self.ceiling_cpu_ms):.2f}; "
            f"p99 of /classify at {CONNECTIONS} connections {median(self.alone_ms):.1f} ms, beside an evaluation "
            f"{median(self.beside_ms):.1f} ms, which does {median(self.beside_rates):.1f} images/s then"
        )


def measure_evaluation(model: str, store: Path, image: Path, seconds: float, pairs: int, tell: Callable[[str], None]) -> Found:
    """Evaluate so many names of one image for some seconds, the ceiling before it; then load without and with an evaluation."""
    found = Found(model)
    make_set(image, ENDLESS)
    with (
        ServedModel(model_store=store, model=model, evaluation_roots=f"{DATASET}={image.parent / DATASET}") as server,
        Ceiling(store, model, image) as ceiling,
    ):
        threads = ceiling.best_threads(seconds / 4)
        images = int(ceiling.measure("loop", threads, seconds / 2)["rate"] * seconds)
        for pair in range(1, pairs + 1):
            tell(f"{model}: pair {pair} of {pairs}")
            bare = ceiling.measure("loop", threads, seconds)
            found.ceilings.append(bare["rate"])
            found.ceiling_cpu_ms.append(bare["cpu_ms"])
            rate, cpu_s = _evaluated(server, images)
            found.rates.append(rate)
            found.cpu_ms.append(cpu_s / images * 1000)
            load = Load(server.url, str(image), CONNECTIONS, seconds)
            found.alone_ms.append(run(load)["p99_ms"])
            location = _begin(server.url, ENDLESS)
            before, began_s = _ask(server.url, location)["done"], time.monotonic()
            found.beside_ms.append(run(load)["p99_ms"])
            found.beside_rates.append((_ask(server.url, location)["done"] - before) / (time.monotonic() - began_s))
            _ask(server.url, location, "DELETE")
    return found


def make_set(image: Path, images: int) -> None:
    """Many names of one image, and labels, beside it; unless they are there."""
    folder = image.parent / DATASET
    if folder.is_dir():
        return
    folder.mkdir()
    for number in range(images):
        os.link(image, folder / f"{number}.jpg")
    (folder / "val_label.txt").write_text("".join(f"{number}.jpg {number % 1000}\n" for number in range(images)))


def _evaluated(server: ServedModel, images: int) -> tuple[float, float]:
    """Images a second, as the report tells, and the seconds of processor time since the list was read."""
    location, cpu_s = _begin(server.url, images), server.cpu_s()
    while _ask(server.url, location)["state"] in ("queued", "running"):
        time.sleep(0.2)
    return float(_ask(server.url, f"{location}/report")["throughput"]["images_per_s"]), server.cpu_s() - cpu_s


def _begin(url: str, images: int) -> str:
    body = json.dumps({"dataset": DATASET, "limit": images}).encode()
    location = f"/evaluate/{_ask(url, '/evaluate', 'POST', body)['id']}"
    while _ask(url, location)["state"] == "queued":
        time.sleep(0.05)
    return location


def _ask(url: str, path: str, method: str = "GET", body: bytes | None = None) -> Any:
    headers = {"Content-Type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(url + path, body, headers, method=method), timeout=60) as answer:  # noqa: S310
        return json.load(answer)
