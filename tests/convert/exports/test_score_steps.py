import numpy as np
import pytest

from convert.exports.score_steps import CHOICES, SHARES, first_of, score_steps
from tests.convert.exports.exports_made import Export, Step, step

SOFTMAX = step("Softmax", axis=1)
LATER = [(step("Neg"),), (step("Add", np.array(1, np.float32)), step("Exp")), (step("Cast", to=1), step("Mul", np.array(2, np.float32)))]


def test_the_steps_end_at_the_last_layer() -> None:
    graph = Export(after=(SOFTMAX, step("Neg"))).model().graph
    assert [node.op_type for node in score_steps(graph, graph.output[0].name)] == ["Neg", "Softmax"]
    assert score_steps(graph, "mean") == []


@pytest.mark.parametrize("later", LATER)
def test_a_choice_is_found_behind_any_arithmetic(later: tuple[Step, ...]) -> None:
    graph = Export(after=(step("Neg"), step("ArgMax", axis=1), step("Cast", to=1), *later)).model().graph
    choice = first_of(graph, graph.output[0].name, CHOICES)
    assert choice is not None
    assert (choice.op_type, list(choice.input)) == ("ArgMax", ["value5"])


def test_the_first_of_several_is_the_one_that_the_scores_meet_first() -> None:
    graph = Export(after=(step("Sigmoid"), step("Log"), step("Neg"))).model().graph
    first = first_of(graph, graph.output[0].name, SHARES)
    assert first is not None
    assert first.op_type == "Sigmoid"


def test_what_only_constants_go_through_does_not_count() -> None:
    """A scale that is kept as its logarithm, as CLIP has it."""
    model = Export(after=(step("Mul", np.array(2, np.float32)),)).model()
    graph = model.graph
    scale = graph.node[-1].input[1]
    graph.node.insert(0, model.graph.node[0].__class__(op_type="Exp", input=[scale], output=["scale"]))
    graph.node[-1].input[1] = "scale"
    assert first_of(graph, graph.output[0].name, SHARES) is None
