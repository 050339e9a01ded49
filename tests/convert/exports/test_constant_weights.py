from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from convert.conversion_errors import ConvertError
from convert.exports.constant_weights import move_constants
from convert.exports.export_file import read_export
from convert.networks.plain_network import weights_sha256
from tests.convert.exports.exports_made import Export

WEIGHTS = ("kernel", "weight")


def constants(*, opset: int = 17, ir: int = 8, change: float = 0) -> onnx.ModelProto:
    """The small classifier with its weights in Constant nodes."""
    model = Export(opset=opset, ir=ir).model()
    for place in reversed(range(len(model.graph.initializer))):
        tensor = model.graph.initializer[place]
        held = numpy_helper.from_array(numpy_helper.to_array(tensor) + np.float32(change if tensor.name == "kernel" else 0))
        model.graph.node.insert(0, helper.make_node("Constant", [], [tensor.name], value=held))
        del model.graph.initializer[place]
    return model


def read(model: onnx.ModelProto, folder: Path) -> onnx.ModelProto:
    (folder / "net.onnx").write_bytes(model.SerializeToString())
    return read_export(folder / "net.onnx")


@pytest.mark.parametrize(("opset", "ir"), [(17, 8), (9, 4), (9, 3)])
def test_weights_become_parameters(tmp_path: Path, opset: int, ir: int) -> None:
    model = constants(opset=opset, ir=max(ir, 4))
    model.ir_version = ir
    network = read(model, tmp_path)
    held = {tensor.name: tuple(tensor.dims) for tensor in network.graph.initializer}
    assert {name: held.get(name) for name in WEIGHTS} == {"kernel": (8, 3, 3, 3), "weight": (10, 8)}
    assert [node.output[0] for node in network.graph.node if node.op_type == "Constant"] in (["bias"], [])
    onnx.checker.check_model(network, full_check=True)


def test_another_network_is_not_taken_for_this_one(tmp_path: Path) -> None:
    one, other = read(constants(), tmp_path), read(constants(change=1), tmp_path)
    assert weights_sha256(one) == weights_sha256(read(constants(), tmp_path))
    assert weights_sha256(one) != weights_sha256(other)


def test_numbers_that_are_not_finite_are_found(tmp_path: Path) -> None:
    with pytest.raises(ConvertError, match="1 not finite: kernel"):
        read(constants(change=float("nan")), tmp_path)
    read(constants(change=float("-inf")), tmp_path)  # as in a mask


def test_a_list_of_floats_and_what_stays() -> None:
    nodes = [
        helper.make_node("Constant", [], ["many"], value_floats=[1.0] * 17),
        helper.make_node("Constant", [], ["shape"], value=numpy_helper.from_array(np.arange(16))),
        helper.make_node("Constant", [], ["result"], value=numpy_helper.from_array(np.zeros(99))),
        helper.make_node("Add", ["many", "shape"], ["sum"]),
    ]
    result = helper.make_tensor_value_info("result", onnx.TensorProto.DOUBLE, [99])
    network = helper.make_model(helper.make_graph(nodes, "g", [], [result]), ir_version=3)
    move_constants(network)
    assert [(tensor.name, list(tensor.dims)) for tensor in network.graph.initializer] == [("many", [17])]
    assert [node.output[0] for node in network.graph.node] == ["shape", "result", "sum"]
    assert network.ir_version == 4
