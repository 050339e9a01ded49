import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convert.networks.architectures import build_network, parameter_shapes, random_weights
from convert.networks.graph import GraphBuilder, Pads, Shape, Value
from convert.networks.resnet_graph import BASIC_DEPTHS, DEPTHS, ResNetGraph
from tests.convert.checkpoint_made import trained_weights
from tests.convert.networks.resnet_in_numpy import logits

Run = Callable[[bytes | Path, np.ndarray], np.ndarray]


@pytest.mark.parametrize(
    ("architecture", "parameters"),
    [
        ("resnet18", 11_689_512),
        ("resnet34", 21_797_672),
        ("resnet50", 25_557_032),
        ("resnet101", 44_549_160),
        ("resnet152", 60_192_808),
        ("wide_resnet50_2", 68_883_240),
        ("wide_resnet101_2", 126_886_696),
        ("resnext50_32x4d", 25_028_904),
        ("resnext101_32x4d", 44_177_704),
        ("resnext101_32x8d", 88_791_336),
        ("resnext101_64x4d", 83_455_272),
        ("seresnext50_32x4d", 27_559_896),
    ],
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

    def conv(
        self,
        x: Value,
        name: str,
        channels: int,
        kernel: int,
        *,
        stride: int = 1,
        pads: Pads | None = None,
        groups: int = 1,
        bias: bool = False,
    ) -> Value:
        y = super().conv(x, name, channels, kernel, stride=stride, pads=pads, groups=groups, bias=bias)
        self.multiply_adds += y.channels * y.height * y.width * x.channels // groups * kernel**2
        return y


def test_the_strides_are_where_torchvision_has_them() -> None:
    def zeros(_name: str, shape: Shape) -> np.ndarray:
        return np.broadcast_to(np.float32(0), shape)

    graph = Cost(zeros)
    ResNetGraph((3, 4, 6, 3), 32, 4)(graph, Value("image", 3, 224, 224), 1000)
    # torchvision's page of ResNeXt50_32X4D_Weights says 4.23 GFLOPS; a stride in a 1x1 convolution would make them fewer.
    assert graph.multiply_adds / 1e9 == pytest.approx(4.23, abs=0.005)


BLOCKS = st.sampled_from(sorted({*DEPTHS.values(), *BASIC_DEPTHS.values()})) | st.lists(st.integers(1, 40), min_size=1, max_size=4).map(
    tuple
)


@given(BLOCKS, st.integers(1, 999), st.integers(1, 999) | st.sampled_from([64, 128]), st.booleans(), st.booleans())
def test_a_name_is_read_as_it_is_written(blocks: tuple[int, ...], cardinality: int, width: int, same_pool: bool, squeeze: bool) -> None:
    for network in (
        ResNetGraph(blocks, cardinality, width, same_pool, squeeze=squeeze),
        ResNetGraph(blocks, 1, width, same_pool, squeeze=squeeze),
        ResNetGraph(blocks, basic=True, same_pool=same_pool, squeeze=squeeze),
    ):
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
        ("resnet18", ResNetGraph((2, 2, 2, 2), basic=True)),
        ("resnet26", ResNetGraph((2, 2, 2, 2))),
        ("resnet50", ResNetGraph((3, 4, 6, 3))),
        ("resnext50_1x64d", ResNetGraph((3, 4, 6, 3))),  # its name in earlier releases
        ("wide_resnet50_2", ResNetGraph((3, 4, 6, 3), 1, 128)),
        ("seresnext50_32x4d", ResNetGraph((3, 4, 6, 3), 32, 4, squeeze=True)),
        ("resnet_2-1_basic", ResNetGraph((2, 1), basic=True)),
        ("resnet18_basic", None),
        ("wide_resnet18_2", None),
        ("resnet50_2", None),
        ("resnext50", None),
        ("resnet50d", None),
    ],
)
def test_names(name: str, network: ResNetGraph | None) -> None:
    assert ResNetGraph.parse(name) == network


@pytest.mark.parametrize(
    "name",
    [
        "resnet18",
        "resnet_1-1_basic",
        "resnet_2-1",
        "wide_resnet_1-1_2",
        "resnext_1-2_4x4d",
        "seresnet_1-1_basic",
        "seresnext_1-1_2x8d",
        "resnext_1-1_4x4d_same",
    ],
)
def test_the_answer_is_numpys(run: Run, name: str) -> None:
    network = ResNetGraph.parse(name)
    assert network
    weights = trained_weights(name, 7)
    image = np.random.default_rng(0).standard_normal((2, 3, 64, 64), np.float32)
    answer = np.concatenate([run(build_network(name, weights, 7, (64, 64)).SerializeToString(), one[None]) for one in image])
    expected = logits(network, weights, image)
    np.testing.assert_allclose(answer, expected, rtol=1e-4, atol=1e-4 * np.abs(expected).max())


def test_the_pool_of_mindspores_model_zoo_begins_at_the_corner(run: Run) -> None:
    weights = random_weights("resnext_1_1x32d", 2, 0)
    image = np.random.default_rng(0).standard_normal((1, 3, 64, 64), np.float32)
    answers = {
        name: run(build_network(name, weights, 2, (64, 64)).SerializeToString(), image)
        for name in ("resnext_1_1x32d", "resnext_1_1x32d_same")
    }
    assert np.abs(answers["resnext_1_1x32d"] - answers["resnext_1_1x32d_same"]).max() > 1e-3
