import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from convert.exports.constants import MAX_COMPUTED, constant
from convert.networks.graph_edits import node
from tests.convert.exports.exports_made import Export, step


def test_constants() -> None:
    graph = Export(after=(step("Mul", np.array([100], np.float32)),)).model().graph
    graph.node.append(node("Constant", [], "c"))
    graph.node[-1].attribute.add(name="value", t=numpy_helper.from_array(np.array([1, 2])), type=4)
    graph.initializer.add(name="damaged", data_type=1, dims=[3], raw_data=b"x")
    found = [constant(graph, name) for name in ("constant5_0", "c", "logits", "damaged", "missing")]
    assert [None if each is None else each.tolist() for each in found] == [[100], [1, 2], None, None, None]


def computed(*nodes: onnx.NodeProto, **held: np.ndarray) -> list[float] | None:
    tensors = [numpy_helper.from_array(value, name) for name, value in held.items()]
    found = constant(helper.make_graph(list(nodes), "g", [], [onnx.ValueInfoProto(name="y")], tensors), "y")
    return None if found is None else found.reshape(-1).tolist()


def test_what_nodes_compute_from_constants() -> None:
    """As Keras writes the deviation: the larger of the root of the variance and a small number."""
    root, larger, shaped = node("Sqrt", ["v"], "r"), node("Max", ["r", "e"], "m"), node("Reshape", ["m", "s"], "y")
    variance, shape = np.array([4, 9, 0.25], np.float32), np.array([1, 3, 1, 1])
    assert computed(root, larger, shaped, v=variance, e=np.array(1, np.float32), s=shape) == [2, 3, 1]


@pytest.mark.parametrize(
    ("one", "other"),
    [(np.ones(3, np.float32), np.ones(4, np.float32)), (np.ones(MAX_COMPUTED + 1, np.float32), np.ones(1, np.float32))],
)
def test_what_is_not_computed(one: np.ndarray, other: np.ndarray) -> None:
    assert computed(node("Add", ["a", "b"], "y"), a=one, b=other) is None


def test_a_chain_that_doubles_ends() -> None:
    chain = [node("Add", [f"x{n}", f"x{n}"], f"x{n + 1}") for n in range(60)]
    assert computed(*chain, node("Identity", ["x60"], "y"), x0=np.ones(1, np.float32)) is None
