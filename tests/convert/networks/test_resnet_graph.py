import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convert.networks.architectures import build_network, parameter_shapes, random_weights
from convert.networks.graph import GraphBuilder, Pads, Shape, Value
from convert.networks.resnet_graph import DEPTHS, ResNetGraph

Run = Callable[[bytes | Path, np.ndarray], np.ndarray]


@pytest.mark.parametrize(
    ("architecture", "parameters"),
    [("resnext50_32x4d", 25_028_904), ("resnext101_32x4d", 44_177_704), ("resnext101_32x8d", 88_791_336), ("resnext101_64x4d", 83_455_272)],
)
def test_parameters_are_as_many_as_published(architecture: str, parameters: int) -> None:
    shapes = parameter_shapes(architecture, 1000)
    assert sum(math.prod(shape) for name, shape in shapes.items() if ".running_" not in name) == parameters


def test_names_and_shapes_are_torchvisions() -> None:
    shapes = parameter_shapes("resnext50_32x4d", 1000)
    assert shapes["conv1.weight"] == (64, 3, 7, 7)
    assert shapes["layer1.0.conv2.weight"] == (128, 4, 3, 3)
    assert shapes["layer2.0.downsample.0.weight"] == (512, 256, 1, 1)
    assert shapes["layer2.0.downsample.1.running_var"] == (512,)
    assert shapes["layer4.2.conv3.weight"] == (2048, 1024, 1, 1)
    assert shapes["fc.weight"] == (1000, 2048)
    assert "layer2.1.downsample.0.weight" not in shapes
    assert "layer4.3.conv1.weight" not in shapes


class Cost(GraphBuilder):
    """Counts the multiply-adds of the convolutions while they are built."""

    multiply_adds = 0

    def conv(self, x: Value, name: str, channels: int, kernel: int, *, stride: int = 1, pads: Pads | None = None, groups: int = 1) -> Value:
        y = super().conv(x, name, channels, kernel, stride=stride, pads=pads, groups=groups)
        self.multiply_adds += y.channels * y.height * y.width * x.channels // groups * kernel**2
        return y


def test_the_strides_are_where_torchvision_has_them() -> None:
    def zeros(_name: str, shape: Shape) -> np.ndarray:
        return np.broadcast_to(np.float32(0), shape)

    graph = Cost(zeros)
    ResNetGraph((3, 4, 6, 3), 32, 4)(graph, Value("image", 3, 224, 224), 1000)
    # torchvision's page of ResNeXt50_32X4D_Weights says 4.23 GFLOPS; a stride in a 1x1 convolution would make them fewer.
    assert graph.multiply_adds / 1e9 == pytest.approx(4.23, abs=0.005)


@given(
    blocks=st.sampled_from(sorted(DEPTHS.values())) | st.lists(st.integers(1, 40), min_size=1, max_size=4).map(tuple),
    cardinality=st.integers(1, 999),
    width=st.integers(1, 999),
    same_pool=st.booleans(),
)
def test_a_name_is_read_as_it_is_written(blocks: tuple[int, ...], cardinality: int, width: int, same_pool: bool) -> None:
    network = ResNetGraph(blocks, cardinality, width, same_pool)
    assert ResNetGraph.parse(network.name) == network


@pytest.mark.parametrize(
    ("name", "network"),
    [
        ("resnext101_32x4d", ResNetGraph((3, 4, 23, 3), 32, 4)),
        ("resnext26_8x16d", ResNetGraph((2, 2, 2, 2), 8, 16)),
        ("resnext_1-1_8x4d", ResNetGraph((1, 1), 8, 4)),
        ("resnext101_32x4d_same", ResNetGraph((3, 4, 23, 3), 32, 4, same_pool=True)),
        ("resnext51_32x4d", None),
        ("resnext_1-0_8x4d", None),
        ("resnext50_0x4d", None),
        ("resnext_1-1-1-1-1_8x4d", None),
        ("resnext50_32x4d\n", None),
        ("seresnext50_32x4d", None),
    ],
)
def test_names(name: str, network: ResNetGraph | None) -> None:
    assert ResNetGraph.parse(name) == network


def test_the_pool_of_mindspores_model_zoo_begins_at_the_corner(run: Run) -> None:
    weights = random_weights("resnext_1_1x32d", 2, 0)
    image = np.random.default_rng(0).standard_normal((1, 3, 64, 64), np.float32)
    answers = {
        name: run(build_network(name, weights, 2, (64, 64)).SerializeToString(), image)
        for name in ("resnext_1_1x32d", "resnext_1_1x32d_same")
    }
    assert np.abs(answers["resnext_1_1x32d"] - answers["resnext_1_1x32d_same"]).max() > 1e-3
