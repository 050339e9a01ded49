"""Recognises the network of a checkpoint by its tensors: a ResNet of several naming schemes, or an EfficientNet-Lite."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from convert.conversion_errors import ConvertError
from convert.networks.efficientnet_lite import LITE, recognised_variant
from convert.networks.fit import ONNX_WAY
from convert.networks.mindspore_naming import torchvision_names_of_mindspore
from convert.networks.own_normalisation import OwnNormalisation, own_normalisation
from convert.networks.resnet_graph import STAGE_PLANES, ResNetGraph
from convert.networks.torch_naming import torchvision_names

USUAL_SIDE_PX = 224


@dataclass(frozen=True)
class Recognised:
    """A network by name, its classes, its tensors under the builder's names, and whether MindSpore wrote it.

    `side_px` is the side of the pictures it was made for. `told` are lines that say what was renamed or left out.
    """

    architecture: str
    classes: int
    tensors: dict[str, np.ndarray] = field(repr=False)
    mindspore: bool = False
    side_px: int = USUAL_SIDE_PX
    told: tuple[str, ...] = ()
    normalises: OwnNormalisation | None = None


def recognise(tensors: Mapping[str, np.ndarray], classes: int | None = None) -> Recognised:
    """Find the network of these tensors; `fit` checks whether all of them fit. Raises ConvertError if it is not a known one.

    Of several classifiers the one of so many `classes` is taken. Mean and deviation of pixels among the tensors are not in the
    answer's tensors, but in `normalises`.
    """
    if variant := recognised_variant(tensors):
        return Recognised(variant, tensors["_fc.weight"].shape[0], dict(tensors), side_px=LITE[variant].side_px)
    if own := own_normalisation(tensors):
        tensors = {name: tensor for name, tensor in tensors.items() if name not in own.names}
    mindspore = any(name.endswith(".gamma") for name in tensors)
    model_zoo = mindspore and any(name.startswith("backbone.") for name in tensors)
    named, told = (torchvision_names_of_mindspore(tensors), []) if mindspore else torchvision_names(tensors, classes)
    network, head = _resnet(named, same_pool=model_zoo), named.get("fc.weight")
    if network is None or head is None or head.ndim != 2:
        raise ConvertError(
            "The checkpoint holds a network that this project cannot build: a ResNet is recognised by layer1.0.conv1.weight, "
            "layer1.0.conv2.weight and a classifier.",
            f"For a network of another form, {ONNX_WAY}",
        )
    return Recognised(network.name, head.shape[0], named, mindspore, told=tuple(told), normalises=own)


def _resnet(named: Mapping[str, np.ndarray], *, same_pool: bool) -> ResNetGraph | None:
    filters, blocks = named.get("layer1.0.conv2.weight"), _blocks(named)
    if filters is None or filters.ndim != 4 or not blocks:
        return None
    channels, width = filters.shape[:2]
    squeeze = "layer1.0.se.fc1.weight" in named
    if "layer1.0.conv3.weight" not in named:
        return ResNetGraph(blocks, same_pool=same_pool, basic=True, squeeze=squeeze)
    return ResNetGraph(blocks, max(channels // max(width, 1), 1), max(width, 1), same_pool, squeeze=squeeze)


def _blocks(named: Mapping[str, np.ndarray]) -> tuple[int, ...]:
    """The number of blocks of each stage."""
    counts = []
    for stage in range(1, len(STAGE_PLANES) + 1):
        count = 0
        while f"layer{stage}.{count}.conv1.weight" in named:
            count += 1
        if not count:
            break
        counts.append(count)
    return tuple(counts)
