"""The costs of a fleet, measured over the level model for a moment."""

from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.bench.fleet import KINDS, Costs, measure_costs
from tests.level_model import level_png, store_level_model


def test_a_ratio_is_of_the_same_turn() -> None:
    costs = Costs("m")
    for kind, rates in zip(KINDS, ((100, 50, 10), (99, 50, 5), (90, 40, 9)), strict=True):
        costs.found[kind] = [{"rate": rate, "cpu_ms": 1.0} for rate in rates]
    assert (costs.ratio("one process"), costs.ratio("processes")) == (0.99, 0.9)
    assert [line.split(":")[0] for line in costs.lines()][:3] == ["m, bare", "m, one process", "m, processes"]
    assert len(list(costs.lines())) == 5


@pytest.mark.skipif(not find_spec("mxclassify"), reason="make mxbase builds it")
def test_all_kinds_answer(tmp_path: Path) -> None:
    store_level_model(tmp_path)
    (tmp_path / "image.png").write_bytes(level_png(8))
    costs = measure_costs(tmp_path, "level", tmp_path / "image.png", 1, 0.2, lambda _: None)
    assert all(figures["rate"] > 1 for found in costs.found.values() for figures in found)
