"""The table and the goals, from figures that were made up."""

import pytest

from tests.bench.chosen import BOTH
from tests.bench.client import Figures
from tests.bench.pairs import NULL, SUBJECTS, Measured, Row
from tests.bench.table import Goal, gains, goals, lines


def load(rate: float, p50_ms: float = 10.0) -> Figures:
    return Figures(
        rate=rate, p50_ms=p50_ms, p99_ms=20.0, refusal_p99_ms=1.0, statuses={"200": 7, "429": 1}, answered=7, unsent=0, client_cores=0.1
    )


def row(connections: int, *rates: float, ratios: tuple[float, ...] = (), p50_ms: float = 10.0) -> Row:
    return Row(connections, [load(rate, p50_ms) for rate in rates], list(ratios or [0.5] * len(rates)), [2.0] * len(rates))


def measured(model: str, *rows: Row, engines: str = "stream", precision: str = "f32") -> Measured:
    ceilings = [] if model == NULL else [{"rate": 200.0, "p50_ms": 4.0, "cpu_ms": 9.0}]
    passes, by_connections = [{"p50_ms": 4.0}] * len(rows[0].loads), {one.connections: one for one in rows}
    return Measured(SUBJECTS[model], 2, ceilings, passes, by_connections, engines, precision)


def test_a_line_for_the_ceiling_and_one_for_each_number_of_connections() -> None:
    table = list(lines([measured("small_cnn", row(8, 150, 170, 160, ratios=(0.7, 0.9, 0.8)))]))
    assert table[2:] == [
        "| small_cnn | in process, 2 threads | 200.0 | 1 | 4.0 | | 9.00 | | |",
        "| small_cnn | 8 | 160.0 | 0.80 | 10.0 | 20.0 | 2.00 | 0.100 | 200: 21, 429: 3 |",
    ]
    assert {line.count("|") for line in table} == {10}


def test_goals_are_held_against_medians_of_pairs() -> None:
    small = measured("small_cnn", row(1, 90, 90, 90, p50_ms=5.0), row(32, 100, 100, 100, ratios=(0.1, 0.9, 0.86)), row(256, 90, 94, 99))
    assert [(goal.found, goal.bound) for goal in goals([small])] == [(0.86, 0.85), (0.94, 0.97), (1.0, 1.5)]
    assert [str(goal)[:6].strip() for goal in goals([small])] == ["met", "missed", "met"]
    null = measured(NULL, row(8, 1400), row(32, 1600))
    assert [(goal.found, str(goal)[:6].strip()) for goal in goals([null])] == [(1600, "met"), (2.0, "missed")]


@pytest.mark.parametrize(
    ("model", "engines", "precision", "bounds"),
    [
        *(("efficientnet_lite0", *case) for case in (("stream", "f32", [0.95]), ("mxbase", "f32", [0.96]), (BOTH, "f32", [0.94]))),
        *(
            ("small_cnn", *case)
            for case in (("stream", "f32", [0.85]), ("mxbase", "f32", [1.0]), (BOTH, "f32", []), ("stream", "int8", []))
        ),
        *(("resnext101_32x4d", engines, "f32", [0.97]) for engines in ("stream", "mxbase", BOTH)),
        *((model, "stream", precision, [0.93]) for model in ("efficientnet_lite0", "resnext101_32x4d") for precision in ("bf16", "int8")),
        *(("efficientnet_lite0", "mxbase", precision, [0.95]) for precision in ("bf16", "int8")),
        ("efficientnet_lite0", BOTH, "bf16", []),
    ],
)
def test_the_goal_is_that_of_the_engines_and_the_precision(model: str, engines: str, precision: str, bounds: list[float]) -> None:
    found = list(goals([measured(model, row(32, 100), engines=engines, precision=precision)]))
    assert [goal.bound for goal in found] == bounds
    assert all(f"{model}, {engines}, {precision}: 32 connections" in str(goal) for goal in found)


def test_what_a_precision_brings_is_told_against_f32_of_the_same_pair() -> None:
    one = measured("efficientnet_lite0", row(32, 150, 160, 190), precision="bf16")
    one.ceilings, one.f32_rates = [{"rate": rate} for rate in (160.0, 160.0, 200.0)], [100.0, 80.0, 100.0]
    named = "efficientnet_lite0, bf16:"
    assert list(gains([one])) == [f"{named} ceiling ÷ the ceiling in f32 2.00", f"{named} 32 connections ÷ the ceiling in f32 1.90"]
    assert list(gains([measured("efficientnet_lite0", row(32, 150))])) == []


def test_what_was_not_measured_promises_nothing() -> None:
    assert list(goals([measured("efficientnet_lite0", row(8, 100))])) == []


def test_a_goal_may_be_an_upper_bound() -> None:
    assert str(Goal("x", 2.0, 1.5, at_least=False)) == "missed      2.00  (goal ≤ 1.5)  x"
    assert str(Goal("x", 2.0, 1.5)) == "met         2.00  (goal ≥ 1.5)  x"
