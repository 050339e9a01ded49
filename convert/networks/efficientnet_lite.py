"""EfficientNet-Lite0, after Tan & Le (arXiv:1905.11946) and TensorFlow's efficientnet-lite release notes.

B0 without squeeze-and-excitation, with ReLU6 instead of swish. Parameter names are those of the PyTorch port (`_blocks.1._bn0` …).
"""

from dataclasses import dataclass

from convert.networks.graph import GraphBuilder, Value, same_pads

BN_EPSILON = 1e-3
STEM_CHANNELS = 32
HEAD_CHANNELS = 1280


@dataclass(frozen=True, slots=True)
class Stage:
    """A row of the paper's table 1: `repeats` blocks; the first one has the stride."""

    repeats: int
    kernel: int
    stride: int
    expansion: int
    channels: int


LITE0 = (
    Stage(1, 3, 1, 1, 16),
    Stage(2, 3, 2, 6, 24),
    Stage(2, 5, 2, 6, 40),
    Stage(3, 3, 2, 6, 80),
    Stage(3, 5, 1, 6, 112),
    Stage(4, 5, 2, 6, 192),
    Stage(1, 3, 1, 6, 320),
)


def efficientnet_lite0(graph: GraphBuilder, image: Value, classes: int) -> Value:
    """The logits "scores" [N, classes] of a normalised image [N, 3, H, W]."""
    x = graph.relu6(_conv_bn(graph, image, "_conv_stem", "_bn0", STEM_CHANNELS, 3, stride=2))
    index = 0
    for stage in LITE0:
        for repeat in range(stage.repeats):
            x = _block(graph, x, f"_blocks.{index}", stage, stride=stage.stride if repeat == 0 else 1)
            index += 1
    x = graph.relu6(_conv_bn(graph, x, "_conv_head", "_bn1", HEAD_CHANNELS, 1))
    return graph.gemm(graph.global_average_pool(x), "_fc", classes, "scores")


def _block(graph: GraphBuilder, x: Value, name: str, stage: Stage, *, stride: int) -> Value:
    """Expand, filter each channel separately, project; plus a shortcut if the shapes are equal."""
    inner, y = x.channels * stage.expansion, x
    if stage.expansion > 1:
        y = graph.relu6(_conv_bn(graph, y, f"{name}._expand_conv", f"{name}._bn0", inner, 1))
    y = graph.relu6(_conv_bn(graph, y, f"{name}._depthwise_conv", f"{name}._bn1", inner, stage.kernel, stride=stride, groups=inner))
    y = _conv_bn(graph, y, f"{name}._project_conv", f"{name}._bn2", stage.channels, 1)
    return graph.add(y, x) if stride == 1 and x.channels == stage.channels else y


def _conv_bn(graph: GraphBuilder, x: Value, conv: str, bn: str, channels: int, kernel: int, *, stride: int = 1, groups: int = 1) -> Value:
    # The weights were trained in TensorFlow, with its padding.
    x = graph.conv(x, conv, channels, kernel, stride=stride, pads=same_pads(x, kernel, stride), groups=groups)
    return graph.batch_norm(x, bn, epsilon=BN_EPSILON)
