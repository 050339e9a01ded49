"""The commands that hold a setting against its default: DECODE, LATENCY_MODE, and what PRECISION and DECODE do to the answers."""

import os
import shutil
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from pipelines.cpu.processor import lack
from server.serving.classify_files import find_images
from tests.bench import decoding, latency
from tests.bench.answers import WAYS, answer_lines, compared
from tests.bench.chosen import PrecisionOption, choose
from tests.bench.machine import machine
from tests.bench.prepared import Store, photo_file, photos, prepared, say, tell
from tests.factories.photo_crops import write_crops

LARGE_PX = (500, 700, 1000, 1800, 2400)
EACH_LARGE = 4  # large pictures are one of so many: to decode them takes long


def decode(
    model: Annotated[str, typer.Option(help="Which model.")] = "efficientnet_lite0",
    engines: Annotated[str, typer.Option(help="Which engines to measure, by comma.")] = "stream,mxbase",
    precision: PrecisionOption = None,
    pairs: Annotated[int, typer.Option(min=1, help="Measurements of each, in turns.")] = 5,
    seconds: Annotated[float, typer.Option(help="For how long each.")] = 4,
    store: Store = Path("build/bench_store"),
) -> None:
    """Photos of 12 megapixels: the throughput with DECODE=reduced ÷ that with exact."""
    choose(precision=precision)
    prepared(model, store)
    say(f"{machine()}; {model}; load {os.getloadavg()[0]:.1f}\n\n{decoding.HEADINGS}")
    found = []
    for engine in engines.split(","):
        for one in decoding.compare_decodes(store, model, engine, pairs, seconds, tell):
            found.append(one)
            say(one.row())
    for goal in (one.goal for one in found if one.goal):
        say(str(goal))


def latency_mode(
    model: Annotated[str, typer.Option(help="Which model.")] = "efficientnet_lite0",
    engines: Annotated[str, typer.Option(help="Which engines to measure, by comma.")] = "stream,mxbase",
    precision: PrecisionOption = None,
    pairs: Annotated[int, typer.Option(min=1, help="Measurements of each, in turns.")] = 5,
    seconds: Annotated[float, typer.Option(help="For how long each.")] = 4,
    store: Store = Path("build/bench_store"),
) -> None:
    """One request at a time: its latency with LATENCY_MODE=on ÷ that with off."""
    choose(precision=precision)
    prepared(model, store)
    image = photo_file()
    say(f"{machine()}; load {os.getloadavg()[0]:.1f}\n\n{latency.HEADINGS}")
    found = [latency.compare_latency_modes(store, model, image, engine, pairs, seconds, tell) for engine in engines.split(",")]
    for line in (*(one.row(mode) for one in found for mode in latency.MODES), "", *(str(one.goal) for one in found)):
        say(line)
    shutil.rmtree(image.parent)


def answers(
    model: Annotated[str, typer.Option(help="Which model.")] = "efficientnet_lite0",
    images: Annotated[Path | None, typer.Option(help="Folder of pictures; without it parts of photos.", show_default=False)] = None,
    count: Annotated[int, typer.Option(help="How many parts of photos.")] = 1000,
    store: Store = Path("build/bench_store"),
) -> None:
    """How often bf16, int8 and a reduced decode keep the best class of f32, where f32 is sure of it."""
    found = []
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        for way in WAYS:
            if lacking := lack(way.precision):
                tell(f"{way.name}: left out. {lacking}")
                continue
            choose(precision=way.precision)
            prepared(model, store)
            large = way.decode == "reduced"
            own = find_images([images])[0] if images else []
            paths = own or write_crops(
                Path(folder), count // EACH_LARGE if large else count, seed=2, photos=photos(), enlarged_px=LARGE_PX if large else ()
            )
            tell(f"{way.name}: {len(paths)} pictures")
            found.append((way, compared(store, model, paths, way.precision, way.decode)))
    say(f"{machine()}\n")
    for line in answer_lines(model, found):
        say(line)
