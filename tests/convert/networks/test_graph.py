from collections.abc import Callable

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from convert.conversion_errors import ConvertError
from convert.networks.graph import GraphBuilder, Shape, Value, same_pads

Run = Callable[[bytes, np.ndarray], np.ndarray]

IMAGE = Value("image", 4, 6, 5)
PIXELS = np.random.default_rng(0).standard_normal((2, 4, 6, 5), np.float32)


def weight(name: str, shape: Shape) -> np.ndarray:
    """Made from the name, so that each parameter differs; positive, as a variance must be."""
    return np.random.default_rng(list(name.encode())).uniform(0.5, 1.5, shape).astype(np.float32)


def model(graph: GraphBuilder, output: Value) -> bytes:
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, [2, IMAGE.channels, IMAGE.height, IMAGE.width])
    size = [output.channels, output.height, output.width]
    result = helper.make_tensor_value_info(output.name, TensorProto.FLOAT, [2, *size])
    return bytes(graph.model("test", image, result, {"fact": "1"}).SerializeToString())


def correlate(x: np.ndarray, kernel: np.ndarray, stride: int, pads: tuple[int, int, int, int]) -> np.ndarray:
    """A convolution, as it is defined."""
    top, left, bottom, right = pads
    x = np.pad(x, ((0, 0), (0, 0), (top, bottom), (left, right)))
    windows = np.lib.stride_tricks.sliding_window_view(x, kernel.shape[2:], axis=(2, 3))[:, :, ::stride, ::stride]
    return np.array(np.einsum("ncyxij,ocij->noyx", windows, kernel))


@pytest.mark.parametrize(
    ("kernel", "stride", "pads"),
    [(3, 1, None), (3, 2, None), (3, 2, (0, 0, 1, 1)), (5, 2, (1, 2, 2, 1)), (1, 1, None), (1, 2, None)],
)
def test_conv(run: Run, kernel: int, stride: int, pads: tuple[int, int, int, int] | None) -> None:
    graph = GraphBuilder(weight)
    y = graph.conv(IMAGE, "conv", 8, kernel, stride=stride, pads=pads)
    expected = correlate(PIXELS, weight("conv.weight", (8, 4, kernel, kernel)), stride, pads or (kernel // 2,) * 4)
    assert (2, y.channels, y.height, y.width) == expected.shape
    np.testing.assert_allclose(run(model(graph, y), PIXELS), expected, rtol=1e-4, atol=1e-4)


def test_grouped_conv(run: Run) -> None:
    graph = GraphBuilder(weight)
    kernel = weight("conv.weight", (6, 2, 3, 3))
    halves = [
        correlate(PIXELS[:, part], kernel[rows], 1, (1, 1, 1, 1)) for part, rows in ((slice(2), slice(3)), (slice(2, 4), slice(3, 6)))
    ]
    found = run(model(graph, graph.conv(IMAGE, "conv", 6, 3, groups=2)), PIXELS)
    np.testing.assert_allclose(found, np.concatenate(halves, 1), rtol=1e-4, atol=1e-4)


def test_batch_norm(run: Run) -> None:
    graph = GraphBuilder(weight)
    gamma, beta, mean, variance = (
        weight(f"bn.{part}", (4,)).reshape(4, 1, 1) for part in ("weight", "bias", "running_mean", "running_var")
    )
    expected = (PIXELS - mean) / np.sqrt(variance + 0.5) * gamma + beta
    np.testing.assert_allclose(run(model(graph, graph.batch_norm(IMAGE, "bn", epsilon=0.5)), PIXELS), expected, rtol=1e-5, atol=1e-5)


def test_activations_and_sum(run: Run) -> None:
    graph = GraphBuilder(weight)
    found = run(model(graph, graph.add(graph.relu(IMAGE), graph.relu6(IMAGE))), PIXELS * 10)
    np.testing.assert_allclose(found, np.maximum(PIXELS * 10, 0) + np.clip(PIXELS * 10, 0, 6), rtol=1e-6)


def test_max_pool(run: Run) -> None:
    graph = GraphBuilder(weight)
    y = graph.max_pool(IMAGE, 3, stride=2, pads=(1, 1, 1, 1))
    padded = np.pad(PIXELS, ((0, 0), (0, 0), (1, 1), (1, 1)), constant_values=-np.inf)
    expected = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(2, 3))[:, :, ::2, ::2].max((4, 5))
    assert (y.height, y.width) == expected.shape[2:] == (3, 3)
    assert (run(model(graph, y), PIXELS) == expected).all()


def test_classifier(run: Run) -> None:
    graph = GraphBuilder(weight)
    graph.gemm(graph.global_average_pool(IMAGE), "fc", 3, "scores")
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["N", 4, 6, 5])
    built = graph.model("test", image, helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["N", 3]), {})
    expected = PIXELS.mean((2, 3)) @ weight("fc.weight", (3, 4)).T + weight("fc.bias", (3,))
    np.testing.assert_allclose(run(built.SerializeToString(), PIXELS), expected, rtol=1e-5)


def test_the_file() -> None:
    graph = GraphBuilder(weight)
    built = onnx.load_from_string(model(graph, graph.conv(IMAGE, "layer1.0.conv1", 2, 1)))
    assert (built.ir_version, [(opset.domain, opset.version) for opset in built.opset_import]) == (6, [("", 11)])
    assert [initialiser.name for initialiser in built.graph.initializer] == ["layer1.0.conv1.weight"]
    assert {fact.key: fact.value for fact in built.metadata_props} == {"fact": "1"}


def test_shapes_must_fit() -> None:
    with pytest.raises(ConvertError, match="shapes differ"):
        GraphBuilder(weight).add(IMAGE, Value("other", 4, 6, 6))


@pytest.mark.parametrize(
    ("side", "kernel", "stride", "first", "last"), [(112, 3, 2, 0, 1), (113, 3, 2, 1, 1), (7, 5, 1, 2, 2), (8, 1, 2, 0, 0)]
)
def test_same_padding(side: int, kernel: int, stride: int, first: int, last: int) -> None:
    assert same_pads(Value("x", 1, side, 7), kernel, stride)[::2] == (first, last)
    assert same_pads(Value("x", 1, 7, side), kernel, stride)[1::2] == (first, last)
