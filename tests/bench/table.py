"""The figures as a table, and held against the goals."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from statistics import median

from tests.bench.pairs import NULL, Measured

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
        elif 32 in rows:
            bound = {"small_cnn": 0.85, "efficientnet_lite0": 0.95}.get(name, 0.97)
            yield Goal(f"{name}: 32 connections ÷ {'ceiling' if one.threads else 'OpenVINO'}", median(rows[32].ratios), bound)
        if name != NULL and {32, 256} <= set(rows):
            shares = [many["rate"] / some["rate"] for many, some in zip(rows[256].loads, rows[32].loads, strict=True)]
            yield Goal(f"{name}: 256 connections ÷ 32", median(shares), 0.95)
        if name == "small_cnn" and 1 in rows:
            added = [load["p50_ms"] - one_pass["p50_ms"] for load, one_pass in zip(rows[1].loads, one.passes, strict=True)]
            yield Goal("small_cnn: p50 at 1 connection - one pass in process, ms", median(added), 1.5, at_least=False)
