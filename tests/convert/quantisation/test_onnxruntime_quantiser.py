import builtins
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import onnx
import pytest

from convert.artifact import plain_network
from convert.conversion_errors import ConvertError
from convert.networks.graph_edits import maker
from convert.quantisation.onnxruntime_quantiser import NetworkQuantiser, tool_version
from convert.quantisation.picture_set import PictureSet
from convert.quantisation.variant import CLASSIFIER, FIRST_CONVOLUTION, Variant
from models.store import StoredModel
from tests.convert.quantisation.conftest import nothing


@pytest.fixture(scope="module")
def quantiser(digits: StoredModel, tmp_path_factory: pytest.TempPathFactory) -> NetworkQuantiser:
    return NetworkQuantiser(plain_network(digits), digits.manifest.recipe, tmp_path_factory.mktemp("quantiser"))


def layers(network: onnx.ModelProto) -> Iterator[bool]:
    """Of each convolution and matrix, in their order, whether its input and its weights are dequantised."""
    for node in network.graph.node:
        if node.op_type in ("Conv", "Gemm", "MatMul"):
            made = [maker(network.graph, name) for name in node.input[:2]]
            yield all(before is not None and before.op_type == "DequantizeLinear" for before in made)


def test_every_layer_is_quantised_per_channel_and_the_scores_are_not(quantiser: NetworkQuantiser, pictures: PictureSet) -> None:
    network = quantiser.quantised(Variant(), list(pictures.pixels[:10]), nothing)
    assert list(layers(network)) == [True] * len(list(layers(network)))
    assert [(opset.domain, opset.version) for opset in network.opset_import] == [("", 13)]
    [scores] = network.graph.output
    assert (last := maker(network.graph, scores.name)) is not None
    assert last.op_type in ("Gemm", "MatMul", "Add")
    dequantised = [node for node in network.graph.node if node.op_type == "DequantizeLinear"]
    types = {tensor.name: (tensor.data_type, list(tensor.dims)) for tensor in network.graph.initializer}
    weights = [types[node.input[0]] for node in dequantised if types.get(node.input[0], (0, []))[0] == onnx.TensorProto.INT8]
    scales = [types[node.input[1]][1] for node in dequantised if types.get(node.input[0], (0, []))[0] == onnx.TensorProto.INT8]
    assert len(weights) == len(list(layers(network)))
    assert [1 if not scale else scale[0] for scale in scales[:-1]] == [dims[0] for _, dims in weights[:-1]]


def test_parts_stay_in_f32_and_a_calibration_runs_once(quantiser: NetworkQuantiser, pictures: PictureSet) -> None:
    done = list[None]()
    both = Variant(f32=(FIRST_CONVOLUTION, CLASSIFIER))
    for variant, (first, last) in ((Variant(), (True, True)), (both, (False, False)), (Variant(f32=(CLASSIFIER,)), (True, False))):
        quantised = list(layers(quantiser.quantised(variant, list(pictures.pixels[:10]), lambda: done.append(None))))
        assert (quantised[0], quantised[-1]) == (first, last)
        assert all(quantised[1:-1])
    assert len(done) == 30


def test_without_onnxruntime_its_line_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def missing(name: str, *rest: Any) -> Any:
        if name.startswith("onnxruntime"):
            raise ModuleNotFoundError("No module named 'onnxruntime'")
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(ConvertError) as raised:
        tool_version()
    assert raised.value.remedy == f"{shlex.quote(sys.executable)} -m pip install 'onnxruntime>=1.28'"


def test_a_network_that_onnxruntime_cannot_run(digits: StoredModel, tmp_path: Path) -> None:
    network = plain_network(digits)
    network.graph.node[0].op_type = "NoSuchOperator"
    with pytest.raises(ConvertError, match="onnxruntime cannot prepare the network"):
        NetworkQuantiser(network, digits.manifest.recipe, tmp_path)
