"""The pairs, measured for a moment."""

import pytest

from models.store import ModelStore
from tests.bench.artifact import KINDS, Pairs, measure_pairs


def test_both_are_measured_in_turns(model_store: ModelStore) -> None:
    told: list[str] = []
    found = measure_pairs(model_store.root, "efficientnet_lite0", 2, 0.1, told.append)
    assert told == ["efficientnet_lite0: pair 1 of 2", "efficientnet_lite0: pair 2 of 2"]
    assert [len(found.found[kind]) for kind in KINDS] == [2, 2]
    assert all(one["rate"] > 1 and one["cpu_ms"] > 0.1 for measured in found.found.values() for one in measured)


@pytest.mark.parametrize(("artifact", "verdict"), [(99, "met   "), (90, "missed")])
def test_the_goal(artifact: float, verdict: str) -> None:
    rates = {"artifact": (artifact, artifact, 1), "plain": (100, 100, 100)}
    pairs = Pairs({kind: [{"rate": rate, "cpu_ms": 1.0} for rate in some] for kind, some in rates.items()})
    assert pairs.ratio == artifact / 100
    lines = list(pairs.lines("m"))
    assert lines[2] == f"| m, artifact | {artifact:.2f} | 1.00 |"
    assert lines[-1].startswith(verdict)
