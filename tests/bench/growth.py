"""What growth costs: more connections, more models in one server, more chips; as a table and as a picture."""

import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from time import monotonic, sleep

import httpx

from tests.ascend_double.double import AscendDouble, server_settings, store_om_model
from tests.bench.client import Load, run
from tests.bench.served import START_S, ServedModel
from tests.bench.small_model import small_graph
from tests.level_model import level_png
from tests.made_model import store_made_model

CONNECTIONS = (1, 4, 16, 64, 256)
MODELS = (1, 2, 4, 8)
CHIPS = (1, 2, 3, 4)
TOGETHER = 32
PER_CHIP = 24
SIDE_PX, CLASSES = 224, 1000
HEADINGS = "| What grows | how many | images/s | CPU-ms | p99 ms | MiB |\n|---|---|---|---|---|---|"


@dataclass(frozen=True)
class Point:
    """One measurement: so many of what grows."""

    count: int
    rate: float
    cpu_ms: float
    p99_ms: float
    memory_mib: float


Series = dict[str, list[Point]]


def measure_growth(image: Path, seconds: float, tell: Callable[[str], None]) -> Series:
    """All three, one after the other."""
    with tempfile.TemporaryDirectory(prefix="growth-") as folder:
        return {
            "connections": list(_connections(Path(folder), image, seconds, tell)),
            "models": list(_models(Path(folder), image, seconds, tell)),
            "chips": list(_chips(Path(folder), seconds, tell)),
        }


def _connections(folder: Path, image: Path, seconds: float, tell: Callable[[str], None]) -> Iterator[Point]:
    store = _stored(folder / "one", 1)
    with ServedModel(model_store=store, model="small_0", window=max(CONNECTIONS)) as server:
        for count in CONNECTIONS:
            tell(f"{count} connections")
            yield _point(count, server, [Load(server.url, str(image), count, seconds)])


def _models(folder: Path, image: Path, seconds: float, tell: Callable[[str], None]) -> Iterator[Point]:
    """The same connections, spread over more models."""
    store = _stored(folder / "several", max(MODELS))
    for count in MODELS:
        tell(f"{count} models")
        names = [f"small_{number}" for number in range(count)]
        with ServedModel(model_store=store, models=",".join(names)) as server:
            targets = [f"/classify?model={name}" for name in names]
            _wait_for(server, targets, image)
            loads = [Load(server.url, str(image), TOGETHER // count, seconds, target=target) for target in targets]
            yield _point(count, server, loads)


def _wait_for(server: ServedModel, targets: list[str], image: Path) -> None:
    """Until every model answers: a server is ready with its first one."""
    until_s = monotonic() + START_S
    for target in targets:
        while httpx.post(server.url + target, content=image.read_bytes()).status_code != HTTPStatus.OK:
            assert monotonic() < until_s, target
            sleep(0.1)


def _chips(folder: Path, seconds: float, tell: Callable[[str], None]) -> Iterator[Point]:
    """Chips of the ascend double, each a process; an inference of up to eight images takes 0.3 s and no processor."""
    store_om_model(folder / "om")
    picture = folder / "level.png"
    picture.write_bytes(level_png(8))
    for count in CHIPS:
        tell(f"{count} chips")
        devices = tuple(str(chip) for chip in range(count))
        double = AscendDouble(folder / f"double-{count}")
        double.breaks("slow", devices=devices)
        told = {"engine_stall_s": 20, "window": PER_CHIP * max(CHIPS), "precision": ""}  # an OM has its own
        with ServedModel(**server_settings(double, folder / "om", devices=",".join(devices)) | told) as server:
            yield _point(count, server, [Load(server.url, str(picture), PER_CHIP * count, seconds, content_type="image/png")])


def _stored(store: Path, count: int) -> Path:
    for number in range(count):
        labels = [f"class {each}" for each in range(CLASSES)]
        store_made_model(store, f"small_{number}", "small", small_graph(), labels, SIDE_PX)
    return store


def _point(count: int, server: ServedModel, loads: list[Load]) -> Point:
    before_s = server.cpu_s()
    with ThreadPoolExecutor(len(loads)) as clients:
        found = list(clients.map(run, loads))
    answered = sum(each["answered"] for each in found)
    refused = sum(number for each in found for status, number in each["statuses"].items() if status != "200")
    assert not refused, [each["statuses"] for each in found]
    cpu_ms = (server.cpu_s() - before_s) / max(1, answered) * 1000
    return Point(count, sum(each["rate"] for each in found), cpu_ms, max(each["p99_ms"] for each in found), server.memory_bytes() / 2**20)


def growth_lines(found: Series) -> Iterator[str]:
    """A Markdown table."""
    yield HEADINGS
    for name, points in found.items():
        for one in points:
            yield f"| {name} | {one.count} | {one.rate:.0f} | {one.cpu_ms:.2f} | {one.p99_ms:.0f} | {one.memory_mib:.0f} |"


def draw(found: Series, path: Path) -> None:
    """Images/s, and the processor time of an image, over what grows; SVG."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 3), layout="constrained")
    for axes, (name, points) in zip(figure.subplots(1, len(found)), found.items(), strict=True):
        counts = range(len(points))
        axes.plot(counts, [one.rate for one in points], "o-", color="#12696b", label="images/s")
        axes.set_xticks(counts, [str(one.count) for one in points])
        axes.set_ylim(bottom=0)
        axes.set_xlabel(name)
        beside = axes.twinx()
        beside.plot(counts, [one.cpu_ms for one in points], "s--", color="#b7791f", label="CPU-ms an image")
        beside.set_ylim(bottom=0)
        if name == "connections":
            axes.set_ylabel("images/s")
        if name == "chips":
            beside.set_ylabel("CPU-ms an image")
    figure.savefig(path, format="svg")
