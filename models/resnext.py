"""ResNeXt in MindSpore, after Xie et al. (arXiv:1611.05431); nothing at serving time imports it.

Parameters have torchvision's names (`layer1.0.conv1.weight`, `layer1.0.downsample.0.weight`, `fc.bias`). Batch normalisation has
MindSpore's endings (`bn1.gamma`, `.beta`, `.moving_mean`, `.moving_variance`). `convert import` maps these names.
Layers compute the same as torchvision's, so that weights mean the same in both: the stride is in the 3x3 convolution, and
the max pool has a border of one pixel, for which zeros are right after a ReLU.
"""

import re
from dataclasses import dataclass

from mindspore import Tensor, nn, ops
from mindspore.common.initializer import HeNormal

from models.model_errors import ModelNotFound

MAX_STAGES = 4
EXPANSION = 4  # output channels of a block = planes * 4
BN_EPSILON = 1e-5
BN_MOMENTUM = 0.9  # the share of the old average that remains; torch counts the other share, 0.1


@dataclass(frozen=True)
class Architecture:
    """The numbers that define a ResNeXt; `blocks` and `planes` have one entry per stage."""

    blocks: tuple[int, ...]
    cardinality: int = 32
    base_width: int = 4  # channels per group at 64 planes; they grow with the planes
    planes: tuple[int, ...] = (64, 128, 256, 512)
    stem_width: int = 64

    def width(self, planes: int) -> int:
        """Channels of a block's grouped convolution."""
        return planes * self.base_width // 64 * self.cardinality


DEPTHS = {"50": (3, 4, 6, 3), "101": (3, 4, 23, 3), "152": (3, 8, 36, 3)}
SMALL = {"resnext_digits": Architecture((1, 1, 1), cardinality=8, base_width=8, planes=(64, 64, 128), stem_width=32)}


def architecture(name: str) -> Architecture:
    """The architecture of a name like "resnext101_32x4d", cardinality x width; "resnext101" alone is the 32x4d.

    Raises ModelNotFound.
    """
    if name in SMALL:
        return SMALL[name]
    match = re.fullmatch(rf"resnext({'|'.join(DEPTHS)})(?:_([1-9]\d{{0,2}})x([1-9]\d{{0,2}})d)?", name)
    if not match:
        raise ModelNotFound(f"The network {name!r} is not known.", f"Try resnext50_32x4d, resnext101_32x4d or {', '.join(SMALL)}.")
    return Architecture(DEPTHS[match[1]], int(match[2] or 32), int(match[3] or 4))


class ResNeXt(nn.Cell):
    """A network from float32 [N, 3, H, W], normalised RGB, to logits [N, num_classes]. Compiling fixes H and W."""

    def __init__(self, shape: Architecture, num_classes: int) -> None:
        super().__init__()
        self.conv1 = _conv(3, shape.stem_width, 7, stride=2)
        self.bn1 = _batch_norm(shape.stem_width)
        self.relu = nn.ReLU()
        # A max pool with padding does not export to ONNX; zeros before a max pool without padding do.
        self.pad = nn.Pad(((0, 0), (0, 0), (1, 1), (1, 1)))
        self.max_pool = nn.MaxPool2d(3, stride=2, pad_mode="valid")
        channels = shape.stem_width
        layers: list[nn.Cell | None] = []
        for stage, (planes, count) in enumerate(zip(shape.planes, shape.blocks, strict=True)):
            blocks = []
            for index in range(count):
                stride = 2 if stage > 0 and index == 0 else 1
                blocks.append(Bottleneck(channels, planes, shape.width(planes), shape.cardinality, stride))
                channels = planes * EXPANSION
            layers.append(nn.SequentialCell(blocks))
        layers += [None] * (MAX_STAGES - len(layers))
        self.layer1, self.layer2, self.layer3, self.layer4 = layers
        self.flatten = nn.Flatten()
        self.fc = nn.Dense(channels, num_classes)

    def construct(self, image: Tensor) -> Tensor:
        """Compute the logits [N, num_classes]."""
        x = self.max_pool(self.pad(self.relu(self.bn1(self.conv1(image)))))
        for layer in (self.layer1, self.layer2, self.layer3, self.layer4):
            if layer is not None:
                x = layer(x)
        # Only this form of a global average exports to ONNX.
        x = ops.AvgPool(x.shape[2:], 1, "valid")(x)
        return self.fc(self.flatten(x))


class Bottleneck(nn.Cell):
    """1x1 down, 3x3 in groups, 1x1 up, plus the shortcut; the shortcut is a convolution where shapes change."""

    def __init__(self, channels: int, planes: int, width: int, cardinality: int, stride: int) -> None:
        super().__init__()
        self.conv1 = _conv(channels, width, 1)
        self.bn1 = _batch_norm(width)
        self.conv2 = _conv(width, width, 3, stride=stride, groups=cardinality)
        self.bn2 = _batch_norm(width)
        self.conv3 = _conv(width, planes * EXPANSION, 1)
        # A block that begins as the identity trains better (Goyal et al., arXiv:1706.02677, 5.1).
        self.bn3 = _batch_norm(planes * EXPANSION, gamma="zeros")
        self.relu = nn.ReLU()
        self.downsample: nn.Cell | None = None
        if stride > 1 or channels != planes * EXPANSION:
            self.downsample = nn.SequentialCell(_conv(channels, planes * EXPANSION, 1, stride=stride), _batch_norm(planes * EXPANSION))

    def construct(self, x: Tensor) -> Tensor:
        """[N, channels, H, W] to [N, planes * 4, H / stride, W / stride]."""
        y = self.relu(self.bn1(self.conv1(x)))
        y = self.relu(self.bn2(self.conv2(y)))
        y = self.bn3(self.conv3(y))
        if self.downsample is not None:
            x = self.downsample(x)
        return self.relu(y + x)


def _conv(channels: int, out: int, kernel: int, *, stride: int = 1, groups: int = 1) -> nn.Conv2d:
    weight = HeNormal(mode="fan_out", nonlinearity="relu")
    return nn.Conv2d(
        channels, out, kernel, stride=stride, pad_mode="pad", padding=(kernel - 1) // 2, group=groups, has_bias=False, weight_init=weight
    )


def _batch_norm(channels: int, gamma: str = "ones") -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=BN_EPSILON, momentum=BN_MOMENTUM, gamma_init=gamma)
