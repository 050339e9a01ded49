"""The command line of the load tool."""

import json
import os
import shutil
from contextlib import nullcontext
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from tests.bench.artifact import measure_pairs
from tests.bench.batcher import compare_batchers
from tests.bench.chosen import EnginesOption, PrecisionOption, choose
from tests.bench.chosen import engines as chosen_engines
from tests.bench.chosen import precision as chosen_precision
from tests.bench.client import Load, run
from tests.bench.cost_commands import growth, protocols, scaling
from tests.bench.evaluating import measure_evaluation
from tests.bench.fleet import measure_costs
from tests.bench.idle import HEAD, costs
from tests.bench.machine import machine
from tests.bench.mode_commands import answers, decode, latency_mode
from tests.bench.mxbase import GOALS, HEADINGS, compare
from tests.bench.pairs import NULL, SUBJECTS, measure
from tests.bench.peers.comparison import compare as compare_peers
from tests.bench.peers.comparison import table
from tests.bench.prepared import SIZE_PX, Store, all_prepared, photo_file, prepared, say, tell
from tests.bench.served import ServedModel
from tests.bench.table import gains, goals, lines

app = typer.Typer(add_completion=False, help="What the server costs on top of the model, measured against the same work without it.")


@app.command("closed")
def closed(
    models: Annotated[str, typer.Option(help="Which to measure, by comma.")] = ",".join(SUBJECTS),
    connections: Annotated[str, typer.Option(help="How many connections, by comma.")] = "1,8,32,256",
    engines: EnginesOption = None,
    precision: PrecisionOption = None,
    pairs: Annotated[int, typer.Option(min=1, help="Measurements of each, in turns with the ceiling.")] = 5,
    store: Store = Path("build/bench_store"),
    to: Annotated[Path | None, typer.Option("--json", help="Where to write every single measurement.")] = None,
) -> None:
    """Every connection sends its next request when the last is answered. Prints a table, and the goals."""
    choose(engines=engines, precision=precision)
    image, found = photo_file(), []
    say(f"{_measured()}; photo of {SIZE_PX[0]}x{SIZE_PX[1]} pixels, {image.stat().st_size} bytes\n")
    for name in all_prepared(models, store):
        numbers = [int(number) for number in connections.split(",")]
        found.append(measure(SUBJECTS[name], store, image, numbers, pairs, tell))
        if to:
            to.write_text(json.dumps([one.as_json() for one in found], indent=1))
    shutil.rmtree(image.parent)
    for line in (*lines(found), "", *gains(found), *map(str, goals(found))):
        say(line)


def _measured() -> str:
    return f"{machine()}; engines {chosen_engines()}, {chosen_precision()}"


@app.command("open")
def open_loop(
    rate: Annotated[float, typer.Option(help="Requests a second, as a Poisson process.")],
    bound_ms: Annotated[float, typer.Option(help="What the 99th percentile of the latency may be.")],
    model: Annotated[str, typer.Option(help="Which model.")] = "efficientnet_lite0",
    seconds: Annotated[float, typer.Option(help="For how long.")] = 20,
    connections: Annotated[int, typer.Option(help="Connections that are kept open.")] = 256,
    seed: Annotated[int, typer.Option(help="Of the Poisson process.")] = 1,
    url: Annotated[str, typer.Option(help="A server that runs already; without one it is started.")] = "",
    store: Store = Path("build/bench_store"),
) -> None:
    """Requests are due at random instants, and latency counts from then. Exits with 1 when the bound is missed."""
    if not url:
        prepared(model, store)
    settings: dict[str, object] = {"engines": "fake"} if model == NULL else {"model_store": store, "model": model}
    with nullcontext() if url else ServedModel(**settings) as server:
        found = run(Load(server.url if server else url, str(photo_file()), connections, seconds, rate, seed))
    statuses = found["statuses"]
    answered, sent = statuses.get("200", 0), sum(statuses.values())
    say(f"{machine()}; {model}, {rate:g} requests/s for {seconds:g} s")
    say(f"sent {sent} ({sent / seconds:.1f}/s), of which answered {answered}, refused {statuses.get('429', 0)}, {statuses}")
    say(f"latency from the instant it was due: p50 {found['p50_ms']:.1f} ms, p99 {found['p99_ms']:.1f} ms")
    say(f"refusals: p99 {found['refusal_p99_ms']:.1f} ms; not even sent: {found['unsent']}")
    say(f"the client took {found['client_cores']:.3f} cores")
    met = answered > 0 and found["p99_ms"] <= bound_ms and answered == sent and not found["unsent"]
    say(f"{'met' if met else 'MISSED'}: p99 ≤ {bound_ms:g} ms with no request refused")
    raise typer.Exit(0 if met else 1)


@app.command("idle")
def idle(
    connections: Annotated[str, typer.Option(help="How many idle connections, by comma, ascending.")] = "0,256,1024,4096",
    seconds: Annotated[float, typer.Option(help="For how long the active ones send beside them.")] = 4,
) -> None:
    """The cost of idle connections, in memory and for their active neighbours; with the null engine."""
    image = photo_file()
    say(f"{machine()}; {NULL}, {image.stat().st_size} bytes a request\n")
    say(HEAD)
    for cost in costs([int(number) for number in connections.split(",")], image, seconds):
        say(str(cost))


@app.command("artifact")
def artifact(
    model: Annotated[str, typer.Option(help="Which model.")] = "resnext101_32x4d",
    pairs: Annotated[int, typer.Option(min=1, help="Measurements of each, in turns.")] = 5,
    seconds: Annotated[float, typer.Option(help="For how long each.")] = 12,
    store: Store = Path("build/bench_store"),
) -> None:
    """The cost of the recipe in front of the network: the CPU artifact's throughput ÷ that of the plain network in OpenVINO."""
    prepared(model, store)
    say(f"{machine()}\n")
    for line in measure_pairs(store, model, pairs, seconds, tell).lines(model):
        say(line)


@app.command("mxbase")
def mxbase(
    models: Annotated[str, typer.Option(help="Which to measure, by comma.")] = ",".join(GOALS),
    precision: PrecisionOption = None,
    pairs: Annotated[int, typer.Option(min=1, help="Measurements of each, in turns.")] = 9,
    seconds: Annotated[float, typer.Option(help="For how long each.")] = 4,
    store: Store = Path("build/bench_store"),
) -> None:
    """The compiled classifier (make mxbase) held against the stream engine, in process."""
    choose(precision=precision)
    if not find_spec("mxclassify"):
        tell("the compiled classifier is not built: make mxbase")
        raise typer.Exit(1)
    names, image = all_prepared(models, store), photo_file()
    found = [compare(store, name, image, pairs, seconds, tell) for name in names]
    shutil.rmtree(image.parent)
    say(f"{machine()}; {chosen_precision()}; photo of {SIZE_PX[0]}x{SIZE_PX[1]} pixels; load {os.getloadavg()[0]:.1f}\n\n{HEADINGS}")
    for line in (*(one.row() for one in found), "", *(str(one.goal) for one in found)):
        say(line)


@app.command("fleet")
def fleet(
    models: Annotated[str, typer.Option(help="Which to measure, by comma.")] = "efficientnet_lite0",
    turns: Annotated[int, typer.Option(min=1, help="Measurements of each.")] = 5,
    seconds: Annotated[float, typer.Option(help="For how long each.")] = 5,
    store: Store = Path("build/bench_store"),
) -> None:
    """The cost of a fleet: a fallback beside the engine in one process, and both in processes of their own."""
    image = photo_file()
    for name in all_prepared(models, store):
        for line in measure_costs(store, name, image, turns, seconds, tell).lines():
            say(line)
    shutil.rmtree(image.parent)


@app.command("evaluate")
def evaluate(
    models: Annotated[str, typer.Option(help="Which to measure, by comma.")] = "small_cnn,efficientnet_lite0",
    engines: EnginesOption = None,
    precision: PrecisionOption = None,
    seconds: Annotated[float, typer.Option(help="For how long each time.")] = 4,
    pairs: Annotated[int, typer.Option(min=1, help="Measurements of each, in turns with the ceiling.")] = 5,
    store: Store = Path("build/bench_store"),
) -> None:
    """An evaluation against the ceiling, and the latency of requests beside one."""
    choose(engines=engines, precision=precision)
    image = photo_file()
    say(f"{_measured()}; photo of {SIZE_PX[0]}x{SIZE_PX[1]} pixels, {image.stat().st_size} bytes\n")
    found = []
    for name in all_prepared(models, store):
        found.append(measure_evaluation(name, store, image, seconds, pairs, tell))
        say(str(found[-1]))
    shutil.rmtree(image.parent)
    for goal in (one.goal for one in found if one.goal):
        say(str(goal))


@app.command("peers")
def peers(
    model: Annotated[str, typer.Option(help="Which model.")] = "efficientnet_lite0",
    precision: Annotated[
        str, typer.Option(help="f32, bf16 or int8, of all; or default: OpenVINO's choice for the peers, ours for us.")
    ] = "f32",
    rounds: Annotated[int, typer.Option(min=1, help="Measurements of each, in turns.")] = 5,
    seconds: Annotated[float, typer.Option(help="For how long each.")] = 6,
    store: Store = Path("build/bench_store"),
) -> None:
    """Other servers beside ours: a plain FastAPI script, mosec, LitServe, Ray Serve. Each is installed into build/peers first."""
    choose(precision=None if precision == "default" else precision)
    prepared(model, store)
    image = photo_file()
    say(f"{machine()}; {model}, {precision}; photo of {SIZE_PX[0]}x{SIZE_PX[1]} pixels, {image.stat().st_size} bytes\n")
    for line in table(compare_peers(store, model, image, precision, rounds, seconds, tell)):
        say(line)
    shutil.rmtree(image.parent)


@app.command("batcher")
def batcher(
    seconds: Annotated[float, typer.Option(help="For how long each load.")] = 40,
    model: Annotated[str, typer.Option(help="Only this one of the published models.")] = "",
    seed: Annotated[int, typer.Option(help="Of the Poisson processes.")] = 1,
) -> None:
    """The compiled classifier's batcher beside fixed delays, on a simulated Ascend 310 with the vendor's published timings."""
    say(f"{machine()}\n")
    say(compare_batchers(seconds, model, seed).rstrip())


for command in (protocols, growth, scaling, decode, latency_mode, answers):
    app.command()(command)

if __name__ == "__main__":
    app()
