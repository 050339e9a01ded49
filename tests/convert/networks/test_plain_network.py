from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from convert.conversion_errors import ConvertError
from convert.networks.architectures import build_network, random_weights
from convert.networks.plain_network import check_plain, classes_for, dimensions, image_input, input_size_px, is_onnx, names

IMAGE: list[int | str] = ["N", 3, 32, 48]


def network(
    *nodes: onnx.NodeProto, image: list[int | str] = IMAGE, kind: int = TensorProto.FLOAT, outputs: tuple[str, ...] = ("y",)
) -> onnx.ModelProto:
    """From "x" to "y", 2 classes unless nodes are given."""
    if not nodes:
        nodes = (
            helper.make_node("GlobalAveragePool", ["x"], ["mean"]),
            helper.make_node("Flatten", ["mean"], ["flat"]),
            helper.make_node("Gemm", ["flat", "w"], ["y"], transB=1),
        )
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs]
    weight = numpy_helper.from_array(np.ones((2, 3), np.float32), "w")
    graph = helper.make_graph(nodes, "net", [helper.make_tensor_value_info("x", kind, image)], values, [weight])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])


def test_a_plain_network() -> None:
    model = network()
    check_plain(model)
    assert image_input(model).name == "x"
    assert input_size_px(model) == (48, 32)
    assert [classes_for(model, batch, 48, 32) for batch in (1, 2, 64)] == [2, 2, 2]
    assert set(names(model.graph)) == {"x", "mean", "flat", "w", "y"}


def test_parameters_may_be_inputs_too() -> None:
    model = network()
    model.graph.input.append(helper.make_tensor_value_info("w", TensorProto.FLOAT, [2, 3]))
    check_plain(model)
    assert image_input(model).name == "x"


def test_any_size_will_do() -> None:
    assert input_size_px(network(image=["N", 3, "H", "W"])) is None


def test_nothing_is_changed_and_weights_are_not_copied() -> None:
    model = build_network("resnext50_32x4d", random_weights("resnext50_32x4d", 10, 0), 10)
    assert classes_for(model, 5, 224, 224) == 10
    assert dimensions(model.graph.input[0].type.tensor_type) == [None, 3, 224, 224]


def relu(source: str, result: str) -> onnx.NodeProto:
    return helper.make_node("Relu", [source], [result])


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (network(kind=TensorProto.UINT8), "takes uint8 pixels"),
        (network(kind=TensorProto.FLOAT16), r"input is float16 \[\?, 3, 32, 48\], not float32"),
        (network(image=["N", 1, 32, 48]), r"input is float \[\?, 1, 32, 48\]"),
        (network(image=["N", 3, 32]), r"input is float \[\?, 3, 32\]"),
        (network(relu("x", "y"), relu("x", "z"), outputs=("y", "z")), r"outputs are y float \[\], z float \[\]"),
        (network(relu("x", "z")), "No node computes the network's output 'y'"),
        (network(helper.make_node("Softmax", ["x"], ["y"])), "ends in a Softmax"),
        (network(helper.make_node("If", ["w"], ["y"], then_branch=network().graph, else_branch=network().graph)), "branches or loops"),
    ],
)
def test_what_is_no_plain_network(model: onnx.ModelProto, message: str) -> None:
    with pytest.raises(ConvertError, match=message):
        check_plain(model)


def test_weights_elsewhere() -> None:
    model = network()
    model.graph.initializer[0].data_location = TensorProto.EXTERNAL
    with pytest.raises(ConvertError, match="weights in other files"):
        check_plain(model)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (network(relu("x", "y")), r"result is \[4, 3, 32, 48\], not \[N, classes\]"),
        (network(helper.make_node("Gemm", ["x", "w"], ["y"])), "cannot take 4 pictures of 48x32"),
        (network(helper.make_node("NoSuchOperator", ["x"], ["y"])), "cannot take 4 pictures|result is"),
    ],
)
def test_what_does_not_work(model: onnx.ModelProto, message: str) -> None:
    with pytest.raises(ConvertError, match=message):
        classes_for(model, 4, 48, 32)


def test_rows_that_only_openvino_can_count() -> None:
    """As torch writes ConvNeXt with a free batch: a shape that is computed from another shape."""
    model = network(
        helper.make_node("GlobalAveragePool", ["x"], ["mean"]),
        helper.make_node("Shape", ["mean"], ["sides"]),
        helper.make_node("Cast", ["sides"], ["real"], to=TensorProto.FLOAT),
        helper.make_node("Sqrt", ["real"], ["root"]),
        helper.make_node("Mul", ["root", "root"], ["square"]),
        helper.make_node("Round", ["square"], ["whole"]),
        helper.make_node("Cast", ["whole"], ["shape"], to=TensorProto.INT64),
        helper.make_node("Reshape", ["mean", "shape"], ["same"]),
        helper.make_node("Flatten", ["same"], ["flat"]),
        helper.make_node("MatMul", ["flat", "across"], ["y"]),
    )
    model.graph.initializer.append(numpy_helper.from_array(np.ones((3, 2), np.float32), "across"))
    assert classes_for(model, 5, 48, 32) == 2


@pytest.mark.parametrize(
    ("head", "told"),
    [
        (b"\x08\x08\x12\x0fascend-classify", True),
        (b"\x08\x01\x01\x00\x00\x00\x00\x00{", False),  # safetensors with a header of 264 bytes
        (b"\x80\x02\x8a\x0a", False),
        (b"PK\x03\x04", False),
        (b"\x0a\x1a", False),
        (b"\x08", False),
        (b"", False),
    ],
)
def test_onnx_is_told_from_its_first_bytes(tmp_path: Path, head: bytes, told: bool) -> None:
    (tmp_path / "file").write_bytes(head)
    assert is_onnx(tmp_path / "file") == told
