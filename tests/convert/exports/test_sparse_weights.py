from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import SparseTensorProto, helper, numpy_helper

from convert.conversion_errors import CheckpointRefused, ConvertError
from convert.exports.export_file import read_export
from convert.exports.sparse_weights import make_dense
from tests.convert.exports.exports_made import Export

LIMIT = 1 << 20


def sparse(name: str, dense: np.ndarray, *, flat: bool) -> SparseTensorProto:
    places = np.flatnonzero(dense) if flat else np.argwhere(dense)
    return SparseTensorProto(
        values=numpy_helper.from_array(dense[dense != 0], name),
        indices=numpy_helper.from_array(places.astype(np.int64), f"{name}_places"),
        dims=dense.shape,
    )


def thinned(*, flat: bool, constant: bool = False) -> tuple[onnx.ModelProto, np.ndarray]:
    """A network of which one weight is sparse, as a parameter or a Constant node, and that weight."""
    model = Export().model()
    weight = next(tensor for tensor in model.graph.initializer if tensor.name == "weight")
    dense = numpy_helper.to_array(weight) * (np.abs(numpy_helper.to_array(weight)) > 0.5)
    model.graph.initializer.remove(weight)
    if constant:
        held = sparse("", dense, flat=flat)
        model.graph.node.insert(0, helper.make_node("Constant", [], ["weight"], sparse_value=held))
    else:
        model.graph.sparse_initializer.append(sparse("weight", dense, flat=flat))
    return model, dense


@pytest.mark.parametrize(("flat", "constant"), [(True, False), (False, False), (True, True)])
def test_they_are_written_out(tmp_path: Path, flat: bool, constant: bool) -> None:
    model, dense = thinned(flat=flat, constant=constant)
    onnx.save(model, tmp_path / "net.onnx")
    graph = read_export(tmp_path / "net.onnx").graph
    (weight,) = (tensor for tensor in graph.initializer if tensor.name == "weight")
    assert (numpy_helper.to_array(weight) == dense).all()
    assert not graph.sparse_initializer
    assert all(node.op_type != "Constant" for node in graph.node)


@pytest.mark.parametrize(
    ("dims", "places", "message"),
    [
        ([1 << 20, 1 << 20], [0], "more bytes than a network may have"),
        ([10, 8], [0, 1], "one place for each number"),
        ([10, 8], [80], "cannot be read"),
        ([10, 8], [-1], "one place for each number"),
        ([10, 8], [[10, 0]], "cannot be read"),
        ([-1, 8], [0], "more bytes"),
    ],
)
def test_damaged_ones(dims: list[int], places: list[int] | list[list[int]], message: str) -> None:
    model = Export().model()
    held = model.graph.sparse_initializer.add(dims=dims, values=numpy_helper.from_array(np.ones(1, np.float32), "w"))
    held.indices.CopyFrom(numpy_helper.from_array(np.array(places), "w_places"))
    with pytest.raises(CheckpointRefused, match=rf"sparse weight 'w' .*{message}"):
        make_dense(model, LIMIT)


@pytest.mark.parametrize("operator", ["Constant", "Relu"])
def test_a_node_without_an_output_is_refused(tmp_path: Path, operator: str) -> None:
    model, _ = thinned(flat=True, constant=True)
    model.graph.node.append(helper.make_node(operator, [], [], sparse_value=sparse("", np.ones(3, np.float32), flat=True)))
    onnx.save(model, tmp_path / "net.onnx")
    with pytest.raises(ConvertError, match="graph is not valid"):
        read_export(tmp_path / "net.onnx")


def beside(tensor: onnx.TensorProto, file: Path) -> None:
    """Move the numbers of a tensor into a file of their own."""
    file.write_bytes(tensor.raw_data)
    onnx.external_data_helper.set_external_data(tensor, file.name, 0, len(tensor.raw_data))
    tensor.ClearField("raw_data")


def test_the_numbers_of_a_constant_may_lie_beside(tmp_path: Path) -> None:
    model, dense = thinned(flat=True, constant=True)
    held = model.graph.node[0].attribute[0].sparse_tensor
    beside(held.values, tmp_path / "values.data")
    beside(held.indices, tmp_path / "places.data")
    (tmp_path / "net.onnx").write_bytes(model.SerializeToString())
    (weight,) = (tensor for tensor in read_export(tmp_path / "net.onnx").graph.initializer if tensor.name == "weight")
    assert (numpy_helper.to_array(weight) == dense).all()


def test_the_numbers_of_a_constant_lie_in_its_folder(tmp_path: Path) -> None:
    model, _ = thinned(flat=True, constant=True)
    held = model.graph.node[0].attribute[0].sparse_tensor
    beside(held.values, tmp_path / "values.data")
    held.values.external_data[0].value = "../values.data"
    (tmp_path / "net.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(CheckpointRefused, match=r"'\.\./values\.data', which is not a file of its folder"):
        read_export(tmp_path / "net.onnx")
