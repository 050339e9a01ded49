"""ResNet and what became of it, with the parameter names of torchvision (`layer1.0.conv1` …) and timm (`layer1.0.se.fc1` …).

ResNet is of He et al. (arXiv:1512.03385), ResNeXt of Xie et al. (arXiv:1611.05431), Wide ResNet of Zagoruyko and Komodakis
(arXiv:1605.07146), squeeze-and-excitation of Hu et al. (arXiv:1709.01507). As in torchvision, the 3x3 convolution of a
stage's first block has the stage's stride.
"""

import re
from dataclasses import dataclass
from typing import Self

from convert.networks.graph import GraphBuilder, Value, same_pads

BN_EPSILON = 1e-5
STEM_CHANNELS = 64
STAGE_PLANES = (64, 128, 256, 512)
DEPTHS = {26: (2, 2, 2, 2), 50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3), 200: (3, 24, 36, 3)}
BASIC_DEPTHS = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3)}
PLAIN_WIDTH = 64

_BLOCKS = r"(?:(?P<depth>[0-9]{2,3})|_(?P<blocks>[0-9]{1,2}(?:-[0-9]{1,2}){0,3}))"
_NAME = re.compile(
    rf"(?P<squeeze>se)?(?P<family>resnet|resnext|wide_resnet){_BLOCKS}"
    r"(?:_(?P<cardinality>[0-9]{1,3})x(?P<width>[0-9]{1,3})d|_(?P<times>[0-9]{1,2})|(?P<basic>_basic))?(?P<same>_same)?"
)


@dataclass(frozen=True, slots=True)
class ResNetGraph:
    """A ResNet: its blocks per stage, the groups of its 3x3 convolutions, and a group's width at 64 planes (it grows with the planes).

    `basic` blocks have two 3x3 convolutions (ResNet-18 and 34), the others a 1x1, a 3x3 and a 1x1. `squeeze` adds
    squeeze-and-excitation. With `same_pool` (`…_same`) the stem's max pool has MindSpore's pad_mode "same", which puts an odd pixel
    of padding at the end.
    """

    blocks: tuple[int, ...]
    cardinality: int = 1
    width: int = PLAIN_WIDTH
    same_pool: bool = False
    basic: bool = False
    squeeze: bool = False

    @property
    def name(self) -> str:
        """The name of the architecture, which `parse` reads: `resnet18`, `wide_resnet50_2`, `resnext101_32x4d`, `seresnext50_32x4d`.

        Where no depth has these blocks they are listed: `resnet_1-1-1-1_basic`, `resnext_1-1_8x4d` (one to four stages).
        """
        depths = BASIC_DEPTHS if self.basic else DEPTHS
        blocks = next((str(depth) for depth, blocks in depths.items() if blocks == self.blocks), "_" + "-".join(map(str, self.blocks)))
        if self.basic or (self.cardinality, self.width) == (1, PLAIN_WIDTH):
            name = f"resnet{blocks}{'_basic' if self.basic and blocks.startswith('_') else ''}"
        elif self.cardinality == 1 and self.width % PLAIN_WIDTH == 0 and not self.squeeze:
            name = f"wide_resnet{blocks}_{self.width // PLAIN_WIDTH}"
        else:
            name = f"resnext{blocks}_{self.cardinality}x{self.width}d"
        return f"{'se' if self.squeeze else ''}{name}{'_same' if self.same_pool else ''}"

    @classmethod
    def parse(cls, name: str) -> Self | None:
        """The network of that name, or None if it is not the name of one."""
        match = _NAME.fullmatch(name)
        if not match:
            return None
        family, listed = match["family"], match["blocks"]
        basic = bool(match["basic"]) if listed else family == "resnet" and int(match["depth"]) in BASIC_DEPTHS
        if (family == "resnext") != bool(match["width"]) or (family == "wide_resnet") != bool(match["times"]):
            return None
        if match["basic"] and (family != "resnet" or not listed):
            return None
        depths = BASIC_DEPTHS if basic else DEPTHS
        blocks = tuple(map(int, listed.split("-"))) if listed else depths.get(int(match["depth"]), ())
        cardinality, width = int(match["cardinality"] or 1), int(match["width"] or PLAIN_WIDTH) * int(match["times"] or 1)
        if not blocks or min(*blocks, cardinality, width) < 1:
            return None
        return cls(blocks, cardinality, width, bool(match["same"]), basic, bool(match["squeeze"]))

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
        """The convolutions plus the shortcut; the shortcut is a convolution where shapes change."""
        if self.basic:
            channels = planes
            y = graph.relu(_conv_bn(graph, x, f"{name}.conv1", f"{name}.bn1", planes, 3, stride=stride))
            y = _conv_bn(graph, y, f"{name}.conv2", f"{name}.bn2", planes, 3)
        else:
            width, channels = planes * self.width // PLAIN_WIDTH * self.cardinality, planes * 4
            y = graph.relu(_conv_bn(graph, x, f"{name}.conv1", f"{name}.bn1", width, 1))
            y = graph.relu(_conv_bn(graph, y, f"{name}.conv2", f"{name}.bn2", width, 3, stride=stride, groups=self.cardinality))
            y = _conv_bn(graph, y, f"{name}.conv3", f"{name}.bn3", channels, 1)
        if self.squeeze:
            y = _squeeze_and_excitation(graph, y, f"{name}.se")
        if stride > 1 or x.channels != channels:
            x = _conv_bn(graph, x, f"{name}.downsample.0", f"{name}.downsample.1", channels, 1, stride=stride)
        return graph.relu(graph.add(y, x))


def _conv_bn(graph: GraphBuilder, x: Value, conv: str, bn: str, channels: int, kernel: int, *, stride: int = 1, groups: int = 1) -> Value:
    return graph.batch_norm(graph.conv(x, conv, channels, kernel, stride=stride, groups=groups), bn, epsilon=BN_EPSILON)


def _squeeze_and_excitation(graph: GraphBuilder, x: Value, name: str) -> Value:
    """Each channel times its gate, which two 1x1 convolutions find from the means of all channels; a sixteenth, in steps of eight."""
    reduced = max(8, (x.channels // 16 + 4) // 8 * 8)
    gate = graph.relu(graph.conv(graph.global_average_pool(x), f"{name}.fc1", reduced, 1, bias=True))
    return graph.scale(x, graph.sigmoid(graph.conv(gate, f"{name}.fc2", x.channels, 1, bias=True)))
