"""Which other files an ONNX file reads."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from models.model_errors import ArtifactDamaged
from models.onnx_fields import MAX_FIELDS
from models.onnx_side_files import side_files
from models.store import zoo_folder
from tests.level_model import level_graph


def elsewhere(name: str, file: str) -> TensorProto:
    tensor = numpy_helper.from_array(np.zeros(4, np.float32), name)
    onnx.external_data_helper.set_external_data(tensor, file)
    tensor.ClearField("raw_data")
    return tensor


def test_every_place_where_a_tensor_can_be(tmp_path: Path) -> None:
    inner = helper.make_graph([helper.make_node("Constant", [], ["c"], value=elsewhere("c", "inner.bin"))], "inner", [], [])
    nodes = [
        helper.make_node("Constant", [], ["a"], value=elsewhere("a", "attribute.bin")),
        helper.make_node("If", ["x"], ["y"], then_branch=inner, else_branch=inner),
    ]
    sparse = helper.make_sparse_tensor(elsewhere("s", "sparse.bin"), numpy_helper.from_array(np.zeros(4, np.int64)), [8])
    graph = helper.make_graph(nodes, "g", [], [], [elsewhere("w", "sub/weights.bin"), elsewhere("v", "sub/weights.bin")])
    graph.sparse_initializer.append(sparse)
    function = helper.make_function("d", "f", [], ["c"], [nodes[0]], [helper.make_opsetid("", 15)])
    function.node[0].attribute[0].t.external_data[0].value = "function.bin"
    (tmp_path / "m.onnx").write_bytes(helper.make_model(graph, functions=[function]).SerializeToString())
    assert side_files(tmp_path / "m.onnx") == ["attribute.bin", "function.bin", "inner.bin", "sparse.bin", "sub/weights.bin"]


def test_a_whole_file_has_none(tmp_path: Path) -> None:
    (tmp_path / "m.onnx").write_bytes(level_graph(1).SerializeToString())
    assert side_files(tmp_path / "m.onnx") == []
    assert side_files(zoo_folder("resnext_digits") / "resnext_digits.onnx") == []


@pytest.mark.parametrize("content", [b"", b"x", b"\x3a\xff\x01", b"\x08\xff", b"\x3f" * 99])
def test_what_is_not_onnx_has_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "m.onnx").write_bytes(content)
    assert side_files(tmp_path / "m.onnx") == []


def test_the_fields_of_all_messages_are_bounded(tmp_path: Path) -> None:
    """No names of files are taken for none."""
    half = b"\x0a\x00" * (MAX_FIELDS // 2)
    graph = b"\x3a" + bytes([len(half) & 0x7F | 0x80, len(half) >> 7 & 0x7F | 0x80, len(half) >> 14]) + half
    (tmp_path / "m.onnx").write_bytes(b"\x08\x08" + graph)
    assert side_files(tmp_path / "m.onnx") == []
    (tmp_path / "m.onnx").write_bytes(b"\x08\x08" + graph * 2)
    with pytest.raises(ArtifactDamaged, match="has more than 500000 fields"):
        side_files(tmp_path / "m.onnx")
