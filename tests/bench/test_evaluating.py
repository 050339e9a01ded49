"""The goal of an evaluation."""

import pytest

from tests.bench.evaluating import Found


@pytest.mark.parametrize(("model", "least"), [("efficientnet_lite0", 0.96), ("small_cnn", 0.85)])
def test_the_goal_is_that_of_the_model(model: str, least: float) -> None:
    goal = Found(model, rates=[90, 95, 99], ceilings=[100, 100, 90]).goal
    assert goal is not None
    assert (goal.found, goal.bound) == (0.95, least)
    assert Found("another", rates=[1], ceilings=[1]).goal is None
