import onnx
import pytest

from convert.conversion_errors import ConvertError
from convert.exports.chosen_output import choose_output
from convert.networks.graph_edits import maker
from tests.convert.exports.exports_made import Export, step

SEVERAL = Export(outputs=("mean", "value5", "logits"), after=(step("ArgMax", axis=1),))


def chosen(export: Export, name: str | None) -> onnx.GraphProto:
    model = export.model()
    choose_output(model, name)
    return model.graph


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
    ],
)
def test_what_cannot_be_chosen(export: Export, name: str | None, message: str) -> None:
    with pytest.raises(ConvertError, match=message):
        chosen(export, name)
