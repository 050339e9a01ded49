"""The engines in turns, measured for a moment."""

from pathlib import Path

import pytest

from models.store import ModelStore
from tests.bench.mxbase import ENGINES, Compared, compare


def test_both_are_measured_in_turns(model_store: ModelStore, coffee: bytes, tmp_path: Path) -> None:
    pytest.importorskip("mxclassify")
    image, told = tmp_path / "coffee.png", list[str]()
    image.write_bytes(coffee)
    compared = compare(model_store.root, "efficientnet_lite0", image, 2, 0.1, told.append)
    assert told == ["efficientnet_lite0: pair 1 of 2", "efficientnet_lite0: pair 2 of 2"]
    assert [len(compared.found[engine]) for engine in ENGINES] == [2, 2]
    assert all(one["rate"] > 1 and one["cpu_ms"] > 0.1 for measured in compared.found.values() for one in measured)


@pytest.mark.parametrize(("rate", "verdict"), [(106, "met   "), (104, "missed")])
def test_the_goal(rate: float, verdict: str) -> None:
    rates = {"mxbase": (rate, rate, 1), "stream": (100, 100, 100)}
    compared = Compared("small_cnn", {engine: [{"rate": one, "cpu_ms": 2.0} for one in some] for engine, some in rates.items()})
    assert compared.row() == f"| small_cnn | {rate:.2f} | 100.00 | 2.00 | 2.00 | {rate / 100:.3f} | 1.000 |"
    assert str(compared.goal).startswith(verdict)
