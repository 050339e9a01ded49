"""ResNeXt in MindSpore, after Xie et al. (arXiv:1611.05431); nothing at serving time imports it.

Parameters bear torchvision's names (`layer1.0.conv1.weight`, `layer1.0.downsample.0.weight`, `fc.bias`), those of batch
normalisation MindSpore's endings (`bn1.gamma`, `.beta`, `.moving_mean`, `.moving_variance`): what `convert import` maps.
Layers compute what torchvision's do, so that weights mean the same in both: the stride sits in the 3x3 convolution, and
the max pool sees a border of one pixel, which after ReLU may as well be zeros.
"""

import re
from dataclasses import dataclass

from mindspore import Tensor, nn, ops
from mindspore.common.initializer import HeNormal

from models.model_errors import ModelNotFound

MAX_STAGES = 4
EXPANSION = 4  # a block's output channels over its planes
BN_EPSILON = 1e-5
BN_MOMENTUM = 0.9  # the part of the old average that stays; torch counts the other part, 0.1


@dataclass(frozen=True)
class Architecture:
    """What tells one ResNeXt from another; `planes` has one entry a stage, as `blocks`."""

    blocks: tuple[int, ...]
    cardinality: int = 32
    base_width: int = 4  # channels a group at 64 planes; they grow with the planes
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
        raise ModelNotFound(f"There is no network {name!r}.", f"Try resnext50_32x4d, resnext101_32x4d or {', '.join(SMALL)}.")
    return Architecture(DEPTHS[match[1]], int(match[2] or 32), int(match[3] or 4))


class ResNeXt(nn.Cell):
    """float32 [N, 3, H, W], normalised RGB, to logits [N, num_classes]. H and W are fixed once it is compiled."""

    def __init__(self, shape: Architecture, num_classes: int) -> None:
        super().__init__()
        self.conv1 = _conv(3, shape.stem_width, 7, stride=2)
        self.bn1 = _batch_norm(shape.stem_width)
        self.relu = nn.ReLU()
        # A padding max pool does not export to ONNX; zeros in front of a `valid` one do.
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
        """Logits [N, num_classes]."""
        x = self.max_pool(self.pad(self.relu(self.bn1(self.conv1(image)))))
        for layer in (self.layer1, self.layer2, self.layer3, self.layer4):
            if layer is not None:
                x = layer(x)
        # Of all ways to say "global average" this one exports to ONNX.
        x = ops.AvgPool(x.shape[2:], 1, "valid")(x)
        return self.fc(self.flatten(x))


class Bottleneck(nn.Cell):
    """1x1 down, 3x3 in groups, 1x1 up, plus the shortcut, which is a convolution where shapes change."""

    def __init__(self, channels: int, planes: int, width: int, cardinality: int, stride: int) -> None:
        super().__init__()
        self.conv1 = _conv(channels, width, 1)
        self.bn1 = _batch_norm(width)
        self.conv2 = _conv(width, width, 3, stride=stride, groups=cardinality)
        self.bn2 = _batch_norm(width)
        self.conv3 = _conv(width, planes * EXPANSION, 1)
        # A block that starts as the identity trains better (Goyal et al., arXiv:1706.02677, 5.1).
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
