"""ResNeXt, after Xie et al. (arXiv:1611.05431), with torchvision's parameter names (`layer1.0.conv1` …).

As in torchvision, a stage's stride sits in the 3x3 convolution of its first block.
"""

from convert.graph import GraphBuilder, Value

BN_EPSILON = 1e-5
STEM_CHANNELS = 64
EXPANSION = 4  # a block's output channels over its planes
STAGE_PLANES = (64, 128, 256, 512)
GROUPS = 32
WIDTH_PER_GROUP = 4  # at 64 planes; doubles with them


def resnext50_32x4d(graph: GraphBuilder, image: Value, classes: int) -> Value:
    """The logits "scores" [N, classes] of a normalised image [N, 3, H, W], with 3, 4, 6 and 3 blocks."""
    return _resnext(graph, image, classes, (3, 4, 6, 3))


def resnext101_32x4d(graph: GraphBuilder, image: Value, classes: int) -> Value:
    """The logits "scores" [N, classes] of a normalised image [N, 3, H, W], with 3, 4, 23 and 3 blocks."""
    return _resnext(graph, image, classes, (3, 4, 23, 3))


def _resnext(graph: GraphBuilder, image: Value, classes: int, blocks: tuple[int, ...]) -> Value:
    x = graph.relu(_conv_bn(graph, image, "conv1", "bn1", STEM_CHANNELS, 7, stride=2))
    x = graph.max_pool(x, 3, stride=2, padding=1)
    for stage, (planes, count) in enumerate(zip(STAGE_PLANES, blocks, strict=True), start=1):
        for index in range(count):
            x = _block(graph, x, f"layer{stage}.{index}", planes, stride=2 if stage > 1 and index == 0 else 1)
    return graph.gemm(graph.global_average_pool(x), "fc", classes, "scores")


def _block(graph: GraphBuilder, x: Value, name: str, planes: int, *, stride: int) -> Value:
    """1x1 down, 3x3 in groups, 1x1 up, plus the shortcut, which is a convolution where shapes change."""
    width = planes * WIDTH_PER_GROUP // 64 * GROUPS
    channels = planes * EXPANSION
    y = graph.relu(_conv_bn(graph, x, f"{name}.conv1", f"{name}.bn1", width, 1))
    y = graph.relu(_conv_bn(graph, y, f"{name}.conv2", f"{name}.bn2", width, 3, stride=stride, groups=GROUPS))
    y = _conv_bn(graph, y, f"{name}.conv3", f"{name}.bn3", channels, 1)
    if stride > 1 or x.channels != channels:
        x = _conv_bn(graph, x, f"{name}.downsample.0", f"{name}.downsample.1", channels, 1, stride=stride)
    return graph.relu(graph.add(y, x))


def _conv_bn(graph: GraphBuilder, x: Value, conv: str, bn: str, channels: int, kernel: int, *, stride: int = 1, groups: int = 1) -> Value:
    return graph.batch_norm(graph.conv(x, conv, channels, kernel, stride=stride, groups=groups), bn, epsilon=BN_EPSILON)
