"""ResNeXt, after Xie et al. (arXiv:1611.05431), with torchvision's parameter names (`layer1.0.conv1` …).

As in torchvision, the 3x3 convolution of a stage's first block has the stage's stride.
"""

import re
from dataclasses import dataclass
from typing import Self

from convert.networks.graph import GraphBuilder, Value, same_pads

BN_EPSILON = 1e-5
STEM_CHANNELS = 64
EXPANSION = 4  # output channels of a block = planes * EXPANSION
STAGE_PLANES = (64, 128, 256, 512)
DEPTHS = {26: (2, 2, 2, 2), 50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3)}

_NAME = re.compile(
    r"resnext(?:(?P<depth>[0-9]{2,3})|_(?P<blocks>[0-9]{1,2}(?:-[0-9]{1,2}){0,3}))"
    r"_(?P<cardinality>[0-9]{1,3})x(?P<width>[0-9]{1,3})d(?P<same>_same)?"
)


@dataclass(frozen=True, slots=True)
class ResNeXtGraph:
    """A ResNeXt: its blocks per stage, the groups of its 3x3 convolutions, and a group's width at 64 planes (it grows with the planes).

    Its name is `resnext101_32x4d`, or lists the blocks: `resnext_1-1-1-1_8x4d` (one to four stages). With `same_pool`
    (`…_same`) the stem's max pool has MindSpore's pad_mode "same", which puts an odd pixel of padding at the end.
    """

    blocks: tuple[int, ...]
    cardinality: int
    width: int
    same_pool: bool = False

    @property
    def name(self) -> str:
        """The name of the architecture; `parse` reads it."""
        depth = next((str(depth) for depth, blocks in DEPTHS.items() if blocks == self.blocks), "_" + "-".join(map(str, self.blocks)))
        return f"resnext{depth}_{self.cardinality}x{self.width}d{'_same' if self.same_pool else ''}"

    @classmethod
    def parse(cls, name: str) -> Self | None:
        """The network of that name, or None if it is not a ResNeXt's name."""
        match = _NAME.fullmatch(name)
        if not match:
            return None
        blocks = tuple(map(int, match["blocks"].split("-"))) if match["blocks"] else DEPTHS.get(int(match["depth"]), ())
        cardinality, width = int(match["cardinality"]), int(match["width"])
        return cls(blocks, cardinality, width, bool(match["same"])) if blocks and min(*blocks, cardinality, width) > 0 else None

    def __call__(self, graph: GraphBuilder, image: Value, classes: int) -> Value:
        """The logits "scores" [N, classes] of a normalised image [N, 3, H, W]."""
        x = graph.relu(_conv_bn(graph, image, "conv1", "bn1", STEM_CHANNELS, 7, stride=2))
        # The content of the padding does not matter: after a ReLU no value is below its zeros.
        x = graph.max_pool(x, 3, stride=2, pads=same_pads(x, 3, 2) if self.same_pool else (1, 1, 1, 1))
        for stage, (planes, count) in enumerate(zip(STAGE_PLANES, self.blocks, strict=False), start=1):
            for index in range(count):
                x = self._block(graph, x, f"layer{stage}.{index}", planes, stride=2 if stage > 1 and index == 0 else 1)
        return graph.gemm(graph.global_average_pool(x), "fc", classes, "scores")

    def _block(self, graph: GraphBuilder, x: Value, name: str, planes: int, *, stride: int) -> Value:
        """1x1 down, 3x3 in groups, 1x1 up, plus the shortcut; the shortcut is a convolution where shapes change."""
        width = planes * self.width // 64 * self.cardinality
        channels = planes * EXPANSION
        y = graph.relu(_conv_bn(graph, x, f"{name}.conv1", f"{name}.bn1", width, 1))
        y = graph.relu(_conv_bn(graph, y, f"{name}.conv2", f"{name}.bn2", width, 3, stride=stride, groups=self.cardinality))
        y = _conv_bn(graph, y, f"{name}.conv3", f"{name}.bn3", channels, 1)
        if stride > 1 or x.channels != channels:
            x = _conv_bn(graph, x, f"{name}.downsample.0", f"{name}.downsample.1", channels, 1, stride=stride)
        return graph.relu(graph.add(y, x))


def _conv_bn(graph: GraphBuilder, x: Value, conv: str, bn: str, channels: int, kernel: int, *, stride: int = 1, groups: int = 1) -> Value:
    return graph.batch_norm(graph.conv(x, conv, channels, kernel, stride=stride, groups=groups), bn, epsilon=BN_EPSILON)
