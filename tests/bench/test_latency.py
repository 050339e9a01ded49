"""The table of the latency modes, and both modes for a moment."""

from pathlib import Path

from tests.bench.latency import Found, compare_latency_modes
from tests.bench.test_table import load
from tests.level_model import level_png, store_level_model


def test_the_share_is_the_median_of_the_pairs() -> None:
    loads = {"off": [load(75, p50_ms) for p50_ms in (10, 20, 10)], "on": [load(120, p50_ms) for p50_ms in (6, 18, 7)]}
    found = Found("m, stream, f32", loads, {"off": [13.0, 13.0, 14.0], "on": [12.0] * 3}, {"off": 200 * 2**20, "on": 216 * 2**20})
    assert str(found.goal) == "missed      0.70  (goal ≤ 0.65)  m, stream, f32: p50 at 1 connection, LATENCY_MODE=on ÷ off"
    assert found.row("off") == "| m, stream, f32, off | 10.0 | 20.0 | 75.0 | 13.00 | 200 |"
    assert found.row("on") == "| m, stream, f32, on | 7.0 | 20.0 | 120.0 | 12.00 | 216 |"


def test_two_servers_are_measured_in_turns(tmp_path: Path) -> None:
    store_level_model(tmp_path / "store")
    photo, told = tmp_path / "photo.png", list[str]()
    photo.write_bytes(level_png(12))
    found = compare_latency_modes(tmp_path / "store", "level", photo, "stream", 2, 0.2, told.append, warm_up_s=0.1)
    assert told == [f"level, stream, f32: pair {number} of 2" for number in (1, 2)]
    assert all(set(one["statuses"]) == {"200"} for mode in ("off", "on") for one in found.loads[mode])
    assert found.goal.found > 0
