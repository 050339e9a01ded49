import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from convert.conversion_errors import ConvertError
from convert.exports.chosen_output import choose_output
from convert.networks.graph_edits import maker
from tests.convert.exports.exports_made import Export, step

SEVERAL = Export(outputs=("mean", "value5", "logits"), after=(step("ArgMax", axis=1),))


def chosen(export: Export, name: str | None) -> onnx.GraphProto:
    model = export.model()
    choose_output(model, name)
    return model.graph


@pytest.mark.parametrize("later", ["Neg", "Exp", "Softmax", "Identity"])
def test_the_best_scores_alone_are_refused(later: str) -> None:
    model = Export(after=(step("Neg"), step("Neg"))).model()
    graph = model.graph
    first, last = graph.node[-2:]
    first.CopyFrom(helper.make_node("TopK", ["logits", "count"], [first.output[0], "places"]))
    last.op_type = later
    graph.initializer.append(numpy_helper.from_array(np.array([5]), "count"))
    with pytest.raises(ConvertError, match=r"names the best classes \(TopK\).*Take the value before it: --output 'logits'"):
        choose_output(model, None)
    graph.output.append(onnx.ValueInfoProto(name="places"))
    with pytest.raises(ConvertError, match=r"has 2 outputs.*for example: --output 'logits'"):
        choose_output(model, None)


def test_the_only_one() -> None:
    assert [value.name for value in chosen(Export(), None).output] == ["logits"]


@pytest.mark.parametrize(("name", "nodes"), [("logits", 5), ("mean", 3), ("flat", 4)])
def test_one_by_name(name: str, nodes: int) -> None:
    """An inner one, too; what it does not need goes."""
    graph = chosen(SEVERAL, name)
    assert ([value.name for value in graph.output], len(graph.node)) == ([name], nodes)
    assert maker(graph, "value5") is None


@pytest.mark.parametrize(
    ("export", "name", "message"),
    [
        (SEVERAL, None, r"3 outputs: mean \(float \[\?, 8, 1, 1\]\), value5 \(int64 \[\?, 1\]\), logits .*for example: --output 'mean'"),
        (SEVERAL, "probabilities", r"No node computes .*'probabilities'\. The outputs are: mean"),
        (SEVERAL, "input", "No node computes"),
        (SEVERAL, "value5", r"names the best classes \(ArgMax\).*Take the value before it: --output 'logits'"),
        (Export(after=(step("ArgMax", axis=1), step("Identity"))), None, "names the best classes"),
        (Export(after=(step("ArgMax", axis=1), step("Cast", to=1), step("Neg"))), None, r"\(ArgMax\).*--output 'logits'"),
    ],
)
def test_what_cannot_be_chosen(export: Export, name: str | None, message: str) -> None:
    with pytest.raises(ConvertError, match=message):
        chosen(export, name)
