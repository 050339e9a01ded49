import math
import time
from pathlib import Path

import onnx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper

from convert.conversion_errors import ConvertError
from convert.inspection.onnx_facts import TensorFacts, read_onnx_facts
from models.store import StoredModel


def test_the_facts_are_those_of_onnx(small: StoredModel) -> None:
    path = small.folder / "small.onnx"
    facts, model = read_onnx_facts(path), onnx.load(path)
    assert facts.inputs == [TensorFacts("image", "uint8", (1, 224, 224, 3))]
    assert facts.outputs == [TensorFacts("scores", "float32", (1, 10))]
    assert (facts.ir_version, facts.producer, facts.opsets) == (6, "ascend-classify", {"": 11})
    assert (facts.nodes, facts.folded, facts.external) == (len(model.graph.node), True, False)
    assert facts.metadata == {fact.key: fact.value for fact in model.metadata_props}
    weights = [each for each in model.graph.initializer if each.dims and not each.name.startswith("recipe/")]
    assert facts.parameters == sum(math.prod(each.dims) for each in weights)
    assert facts.parameter_bytes == facts.parameters * 4


def test_a_plain_network_with_free_sides(tmp_path: Path) -> None:
    value = helper.make_tensor_value_info
    weight = helper.make_tensor("w", TensorProto.FLOAT16, [2, 3], [0.0] * 6)
    inputs = [value("x", TensorProto.FLOAT, ["N", 3, None]), value("w", TensorProto.FLOAT16, [2, 3])]  # IR 3 lists weights
    graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "g", inputs, [value("y", TensorProto.FLOAT, ["N"])], [weight])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("my.domain", 3)]), tmp_path / "m.onnx")
    facts = read_onnx_facts(tmp_path / "m.onnx")
    assert facts.inputs == [TensorFacts("x", "float32", ("N", 3, "?"))]
    assert (facts.opsets, facts.folded, facts.parameters) == ({"my.domain": 3}, False, 6)


def test_weights_elsewhere_are_told(tmp_path: Path) -> None:
    weight = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[2], data_location=TensorProto.EXTERNAL)
    graph = helper.make_graph([], "g", [], [], [weight])
    onnx.save(helper.make_model(graph), tmp_path / "m.onnx")
    assert read_onnx_facts(tmp_path / "m.onnx").external


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_mutated_file_is_read_or_refused(tmp_path: Path, data: st.DataObject) -> None:
    weight = helper.make_tensor("w", TensorProto.FLOAT, [2], [1.0, 2.0])
    image = helper.make_tensor_value_info("image", TensorProto.UINT8, ["N", 4, 4, 3])
    graph = helper.make_graph([helper.make_node("Relu", ["image"], ["recipe/y"])], "g", [image], [image], [weight])
    content = bytearray(helper.make_model(graph).SerializeToString())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    (tmp_path / "m.onnx").write_bytes(content[: data.draw(st.integers(1, len(content)))])
    try:
        facts = read_onnx_facts(tmp_path / "m.onnx")
    except ConvertError:
        return
    assert facts.nodes >= 0


def test_a_file_of_empty_messages_costs_little(tmp_path: Path) -> None:
    """Two bytes a node: 10 MB that would be five million objects."""
    size = 10_000_000
    length = bytes([size & 127 | 128, size >> 7 & 127 | 128, size >> 14 & 127 | 128, size >> 21])
    (tmp_path / "m.onnx").write_bytes(b"\x08\x08\x3a" + length + b"\x0a\x00" * (size // 2))
    began_s = time.process_time()
    with pytest.raises(ConvertError, match="more than 500000 fields"):
        read_onnx_facts(tmp_path / "m.onnx")
    assert time.process_time() - began_s < 20
