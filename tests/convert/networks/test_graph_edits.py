import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from convert.networks.graph_edits import free_name, maker, node, rename, set_output, takers
from convert.networks.plain_network import names


def made() -> onnx.GraphProto:
    """Two ways from x: over `a` to y, over `b` and the parameter `w` to z."""
    nodes = [node("Relu", ["x"], "a"), node("Neg", ["a"], "y"), node("Add", ["x", "w"], "b"), node("Softmax", ["b"], "z", {"axis": 1})]
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 2]) for name in "xyz"]
    return helper.make_graph(nodes, "net", values[:1], values[1:], [numpy_helper.from_array(np.ones(2, np.float32), "w")])


def test_an_output_keeps_what_it_needs() -> None:
    graph = made()
    set_output(graph, graph.output[0])
    assert [each.op_type for each in graph.node] == ["Relu", "Neg"]
    assert ([value.name for value in graph.output], list(graph.initializer)) == (["y"], [])
    graph = made()
    set_output(graph, helper.make_tensor_value_info("b", TensorProto.FLOAT, [1, 2]))
    assert ([each.op_type for each in graph.node], [tensor.name for tensor in graph.initializer]) == (["Add"], ["w"])


def test_names() -> None:
    graph = made()
    rename(graph, "w", "v")
    rename(graph, "a", "c")
    assert set(names(graph)) == set("xyzbvc")
    assert [free_name(graph, wish) for wish in ("a", "b")] == ["a", "b_2"]


def test_neighbours() -> None:
    graph = made()
    found = maker(graph, "z")
    assert found is not None
    assert (found.op_type, found.name, found.attribute[0].i) == ("Softmax", "z", 1)
    assert (maker(graph, "x"), [each.op_type for each in takers(graph, "x")]) == (None, ["Relu", "Add"])
