"""The lanes of continuous integration: their budgets, and that the Makefile knows every suite."""

import re

import pytest

from tests.lanes import BUDGETS_S, LANES, ROOT, SOAK, left_out, took

RULES = re.findall(r"^([\w -]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
TARGETS = {target for rule in RULES for target in rule.split()}


@pytest.mark.parametrize("lane", LANES)
def test_a_lane_keeps_its_budget(lane: str) -> None:
    assert sum(suite.budget_s for suite in LANES[lane]) <= BUDGETS_S[lane]


def test_make_knows_every_suite() -> None:
    assert {target for lane in LANES.values() for suite in lane for target in suite.target.split()} | {SOAK.target} <= TARGETS


def test_the_core_has_a_little_of_each_wide_suite() -> None:
    targets = {target for suite in LANES["core"] for target in suite.target.split()}
    smokes = {target.removeprefix("smoke-") for target in targets if target.startswith("smoke-")}
    assert {suite.target.removeprefix("test-") for suite in LANES["wide"]} - {"packages"} == smokes


def test_what_was_left_out_is_told_with_what_runs_it() -> None:
    told = "\n".join(left_out({"make mxbase builds it": 7}))
    for words in ("make test-mxbase", "make test-training", "make test-image", "make soak", "7 skipped: make mxbase builds it"):
        assert words in told


def test_what_each_suite_took_stands_beside_its_budget() -> None:
    lines = list(took("core", {"packages install-dev": 3, "test": 301.2}))
    assert lines == [
        "packages install-dev      3 s of   100",
        "test                    301 s of   300  over its budget",
        "core                    304 s of  1800",
    ]
