import math

import numpy as np
import pytest

from convert.architectures import parameter_shapes
from convert.graph import GraphBuilder, Pads, Shape, Value
from convert.resnext import resnext50_32x4d


@pytest.mark.parametrize(("architecture", "parameters"), [("resnext50_32x4d", 25_028_904), ("resnext101_32x4d", 44_177_704)])
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
    resnext50_32x4d(graph, Value("image", 3, 224, 224), 1000)
    # torchvision's page of ResNeXt50_32X4D_Weights says 4.23 GFLOPS; a stride in a 1x1 convolution would make them fewer.
    assert graph.multiply_adds / 1e9 == pytest.approx(4.23, abs=0.005)
