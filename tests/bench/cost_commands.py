"""The commands that tell what growth, protocols and several hosts cost."""

import os
import shutil
from pathlib import Path
from typing import Annotated

import typer

from tests.bench.growth import draw, growth_lines, measure_growth
from tests.bench.machine import machine
from tests.bench.pairs import NULL
from tests.bench.prepared import SIZE_PX, Store, photo_file, prepared, say, tell
from tests.bench.protocols import compare_protocols, protocol_lines
from tests.bench.scaling import compare_setups, scaling_lines


def protocols(
    rounds: Annotated[int, typer.Option(min=1, help="Measurements of each, in turns.")] = 5,
    seconds: Annotated[float, typer.Option(help="For how long each.")] = 4,
) -> None:
    """The CPU time of a request by protocol: /classify, infer with binary data, gRPC; with the null engine."""
    image = photo_file()
    say(f"{machine()}; {NULL}, {image.stat().st_size} bytes a request\n")
    for line in protocol_lines(compare_protocols(image, rounds, seconds, tell)):
        say(line)
    shutil.rmtree(image.parent)


def growth(
    seconds: Annotated[float, typer.Option(help="For how long each.")] = 4,
    svg: Annotated[Path | None, typer.Option(help="Where to draw it.")] = None,
) -> None:
    """What more connections, more models and more chips cost; the chips are those of the ascend double."""
    image = photo_file()
    found = measure_growth(image, seconds, tell)
    say(f"{machine()}\n")
    for line in growth_lines(found):
        say(line)
    if svg:
        draw(found, svg)
    shutil.rmtree(image.parent)


def scaling(
    models: Annotated[str, typer.Option(help="Which to measure, by comma.")] = f"{NULL},efficientnet_lite0",
    pairs: Annotated[int, typer.Option(min=1, help="Measurements of each, in turns.")] = 5,
    seconds: Annotated[float, typer.Option(help="For how long each.")] = 6,
    also: Annotated[
        list[str] | None,
        typer.Option(help="Another setup, as NAME=COMMAND: it serves on 127.0.0.1:$PORT with the settings of its environment."),
    ] = None,
    store: Store = Path("build/bench_store"),
) -> None:
    """One server, four engine processes, HAProxy over two servers: requests a second, CPU time and memory of all their processes."""
    image = photo_file()
    say(f"{machine()}; photo of {SIZE_PX[0]}x{SIZE_PX[1]} pixels, {image.stat().st_size} bytes; load {os.getloadavg()[0]:.1f}\n")
    others = dict(one.split("=", 1) for one in also or ())
    for name in models.split(","):
        prepared(name, store)
        settings = {"engines": "fake"} if name == NULL else {"model_store": str(store.absolute()), "model": name}
        for line in scaling_lines(name, compare_setups(settings, image, others, pairs, seconds, tell)):
            say(line)
    shutil.rmtree(image.parent)
