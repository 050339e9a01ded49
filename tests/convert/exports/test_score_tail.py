import numpy as np
import pytest

from convert.exports.score_tail import ScoreTail, find_tail
from tests.convert.exports.exports_made import Export, Step, step

SOFTMAX = step("Softmax", axis=1)
PERCENT = step("Mul", np.array([100], np.float32))


@pytest.mark.parametrize(
    ("after", "kind", "before"),
    [
        ((), "other", "flat"),
        ((SOFTMAX,), "softmax", "logits"),
        ((SOFTMAX, step("Identity"), step("Cast", to=10), PERCENT, step("Clip")), "softmax", "logits"),
        ((step("Sigmoid"), step("Flatten", axis=1)), "sigmoid", "logits"),
        ((step("LogSoftmax", axis=1), step("Div", np.array(0.7, np.float32))), "log softmax", "logits"),
        ((SOFTMAX, step("Neg"), step("Identity")), "other", "value5"),
        ((SOFTMAX, step("Mul", np.array(-1, np.float32))), "other", "value5"),
        ((SOFTMAX, step("Mul", np.full(10, 2, np.float32))), "other", "value5"),
        ((SOFTMAX, *[step("Identity")] * 40), "other", "value13"),
    ],
)
def test_the_tail(after: tuple[Step, ...], kind: str, before: str) -> None:
    tail = find_tail(Export(after=after).model().graph)
    assert (tail.kind, tail.before) == (kind, before)


def test_any_value_has_a_tail() -> None:
    graph = Export(after=(SOFTMAX, step("ArgMax", axis=1))).model().graph
    assert find_tail(graph, "value5") == ScoreTail("value5", "softmax", "Softmax", "logits")
    assert find_tail(graph, "input") == ScoreTail("input", "other", "", "input")
