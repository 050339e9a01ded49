"""EfficientNet-Lite, after Tan & Le (arXiv:1905.11946) and TensorFlow's efficientnet_lite_builder.py, which gives the five variants.

EfficientNet without squeeze-and-excitation, with ReLU6 instead of swish; the stem and the head are not scaled. Parameter names
are those of the PyTorch port (`_blocks.1._bn0` …).
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from convert.networks.graph import GraphBuilder, Value, same_pads

BN_EPSILON = 1e-3
STEM_CHANNELS = 32
HEAD_CHANNELS = 1280
CHANNEL_STEP = 8


@dataclass(frozen=True, slots=True)
class Stage:
    """A row of the paper's table 1: `repeats` blocks; the first one has the stride."""

    repeats: int
    kernel: int
    stride: int
    expansion: int
    channels: int


STAGES = (
    Stage(1, 3, 1, 1, 16),
    Stage(2, 3, 2, 6, 24),
    Stage(2, 5, 2, 6, 40),
    Stage(3, 3, 2, 6, 80),
    Stage(3, 5, 1, 6, 112),
    Stage(4, 5, 2, 6, 192),
    Stage(1, 3, 1, 6, 320),
)


@dataclass(frozen=True, slots=True)
class EfficientNetLite:
    """A variant: how much wider and deeper than the first one, and the side of the pictures it was trained for."""

    width: float
    depth: float
    side_px: int

    @property
    def stages(self) -> tuple[Stage, ...]:
        """The scaled stages; TensorFlow repeats the blocks of the first and the last stage once in every variant."""
        first, *between, last = (replace(stage, channels=self._channels(stage.channels)) for stage in STAGES)
        return (first, *(replace(stage, repeats=math.ceil(stage.repeats * self.depth)) for stage in between), last)

    def _channels(self, channels: int) -> int:
        """The scaled channels, rounded to a multiple of eight, but by no more than a tenth down."""
        scaled = channels * self.width
        rounded = max(CHANNEL_STEP, int(scaled + CHANNEL_STEP / 2) // CHANNEL_STEP * CHANNEL_STEP)
        return rounded + CHANNEL_STEP if rounded < 0.9 * scaled else rounded

    def blocks(self) -> Iterator[tuple[Stage, int]]:
        """Every block: its stage and its stride."""
        for stage in self.stages:
            for repeat in range(stage.repeats):
                yield stage, stage.stride if repeat == 0 else 1

    def __call__(self, graph: GraphBuilder, image: Value, classes: int) -> Value:
        """The logits "scores" [N, classes] of a normalised image [N, 3, H, W]."""
        x = graph.relu6(_conv_bn(graph, image, "_conv_stem", "_bn0", STEM_CHANNELS, 3, stride=2))
        for index, (stage, stride) in enumerate(self.blocks()):
            x = _block(graph, x, f"_blocks.{index}", stage, stride=stride)
        x = graph.relu6(_conv_bn(graph, x, "_conv_head", "_bn1", HEAD_CHANNELS, 1))
        return graph.gemm(graph.global_average_pool(x), "_fc", classes, "scores")


LITE = {
    "efficientnet_lite0": EfficientNetLite(1.0, 1.0, 224),
    "efficientnet_lite1": EfficientNetLite(1.0, 1.1, 240),
    "efficientnet_lite2": EfficientNetLite(1.1, 1.2, 260),
    "efficientnet_lite3": EfficientNetLite(1.2, 1.4, 280),
    "efficientnet_lite4": EfficientNetLite(1.4, 1.8, 300),
}


def recognised_variant(tensors: Mapping[str, np.ndarray]) -> str | None:
    """The variant with as many blocks, and as many channels in the last one, as these tensors have; None if they are of another network."""
    head = tensors.get("_fc.weight")
    if head is None or head.ndim != 2:
        return None
    count = 0
    while f"_blocks.{count}._project_conv.weight" in tensors:
        count += 1
    for name, network in LITE.items():
        blocks = list(network.blocks())
        if count == len(blocks) and tensors[f"_blocks.{count - 1}._project_conv.weight"].shape[:1] == (blocks[-1][0].channels,):
            return name
    return None


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
