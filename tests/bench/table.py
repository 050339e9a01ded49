"""The figures as a table, and held against the goals."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from statistics import median

from tests.bench.chosen import BOTH
from tests.bench.pairs import NULL, Measured

OF_CEILING = {  # images/s with 32 connections ÷ the ceiling in f32, by engines
    "efficientnet_lite0": {"stream": 0.95, "mxbase": 0.96, BOTH: 0.94},
    "small_cnn": {"stream": 0.85, "mxbase": 1.0},
    "resnext101_32x4d": {"stream": 0.97, "mxbase": 0.97, BOTH: 0.97},
}
OF_FAST_CEILING = {"stream": 0.93, "mxbase": 0.95}  # the same in bf16 and int8; the small CNN has no goal there
HEAD = ("", "connections", "images/s", "÷ ceiling", "p50 ms", "p99 ms", "CPU-ms", "client cores", "statuses")


@dataclass(frozen=True)
class Goal:
    """One promise: what was found, and what it should be."""

    what: str
    found: float
    bound: float
    at_least: bool = True

    def __str__(self) -> str:
        met = self.found >= self.bound if self.at_least else self.found <= self.bound
        return f"{'met   ' if met else 'missed'}  {self.found:8.2f}  (goal {'≥' if self.at_least else '≤'} {self.bound:g})  {self.what}"


def lines(measured: Iterable[Measured]) -> Iterator[str]:
    """A Markdown table, medians of all pairs."""
    yield "| " + " | ".join(HEAD) + " |"
    yield "|---" * len(HEAD) + "|"
    for one in measured:
        if one.ceilings:
            what = f"in process, {one.threads} threads" if one.threads else "OpenVINO, asynchronous"
            p50 = f"{one.ceiling('p50_ms'):.1f}" if one.threads else ""
            yield f"| {one.subject.model} | {what} | {one.ceiling('rate'):.1f} | 1 | {p50} | | {one.ceiling('cpu_ms'):.2f} | | |"
        for row in one.rows.values():
            statuses = ", ".join(f"{status}: {number}" for status, number in sorted(row.statuses.items()))
            ratio = f"{median(row.ratios):.2f}" if one.ceilings else ""
            figures = (
                f"{row.median('rate'):.1f} | {ratio} | {row.median('p50_ms'):.1f} | {row.median('p99_ms'):.1f} | {median(row.cpu_ms):.2f}"
            )
            yield f"| {one.subject.model} | {row.connections} | {figures} | {row.median('client_cores'):.3f} | {statuses} |"


def goals(measured: Iterable[Measured]) -> Iterator[Goal]:
    """The promises that these measurements can tell of."""
    for one in measured:
        name, rows = one.subject.model, one.rows
        if name == NULL:
            best = max((row.median("rate") for row in rows.values()), default=0)
            yield Goal("null engine, 100 KB body: requests/s", best, 1500)
            if 32 in rows:
                yield Goal("null engine, 32 connections: CPU-ms a request", median(rows[32].cpu_ms), 0.35, at_least=False)
        elif 32 in rows and (bound := _of_ceiling(one)):
            what = f"{name}, {one.engines}, {one.precision}: 32 connections ÷ {'ceiling' if one.threads else 'OpenVINO'}"
            yield Goal(what, median(rows[32].ratios), bound)
        if name != NULL and {32, 256} <= set(rows):
            shares = [many["rate"] / some["rate"] for many, some in zip(rows[256].loads, rows[32].loads, strict=True)]
            yield Goal(f"{name}: 256 connections ÷ 32", median(shares), 0.97)
        if name == "small_cnn" and 1 in rows:
            added = [load["p50_ms"] - one_pass["p50_ms"] for load, one_pass in zip(rows[1].loads, one.passes, strict=True)]
            yield Goal("small_cnn: p50 at 1 connection - one pass in process, ms", median(added), 1.5, at_least=False)


def _of_ceiling(one: Measured) -> float | None:
    if one.precision == "f32":
        return OF_CEILING[one.subject.model].get(one.engines)
    return None if one.subject.model == "small_cnn" else OF_FAST_CEILING.get(one.engines)


def gains(measured: Iterable[Measured]) -> Iterator[str]:
    """What bf16 or int8 bring: the ceiling and each number of connections, ÷ the ceiling in f32."""
    for one in measured:
        if one.f32_rates:
            rates = {"ceiling": [ceiling["rate"] for ceiling in one.ceilings]}
            rates |= {f"{row.connections} connections": [load["rate"] for load in row.loads] for row in one.rows.values()}
            for what, found in rates.items():
                gain = median(rate / f32 for rate, f32 in zip(found, one.f32_rates, strict=True))
                yield f"{one.subject.model}, {one.precision}: {what} ÷ the ceiling in f32 {gain:.2f}"
