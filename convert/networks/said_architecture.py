"""Compares the network that a file beside the weights names with the one that was recognised.

Names and shapes of tensors do not tell all: timm's resnetblur50 has those of a ResNet-50, and computes something else.
"""

import re

from convert.conversion_errors import ConvertError
from convert.networks.fit import ONNX_WAY
from convert.networks.resnet_graph import ResNetGraph

_MAX_SHOWN = 80
_BEFORE = re.compile(r"^(?:tv|gluon|ssl|swsl|ig|tf)_")  # timm's names before 0.9, by the origin of the weights
_BEHIND = re.compile(r"(?:_v1b|_?v1\.5|_ssl|_swsl|_wsl|\.\w+)$")  # the ResNet of torchvision; the origin of the weights
_FAMILY = re.compile(r"(?:se)?(?:resnet|(?:resnext|wide_resnet)[0-9]*)")  # says too little to be another one


def check_said(said: str, source: str, recognised: str) -> None:
    """Raise ConvertError if `said`, the name of a network in `source`, is not that of the recognised one."""
    if not same_network(said, recognised):
        raise ConvertError(
            f"{source} names the network {said[:_MAX_SHOWN]!r}, and the weights have the names and shapes of a {recognised}: the two can "
            "compute different things.",
            f"If it is what {source} says, {ONNX_WAY}. If it is a {recognised} all the same: --architecture {recognised}",
        )


def same_network(said: str, recognised: str) -> bool:
    """Whether a name as timm, torchvision and people write it is that of the recognised network, or of its family."""
    found = recognised.removesuffix("_same").replace("-", "_")
    name = said.strip().lower().rpartition("/")[2].replace("-", "_")
    name = _BEFORE.sub("", _BEHIND.sub("", name))
    name = re.sub(r"(?<=res)(net|next)_(?=[0-9]{2,3}$)", r"\1", name)
    if name == found:
        return True
    network = ResNetGraph.parse(name)
    if network is not None:
        return network.name.replace("-", "_") == found
    return bool(_FAMILY.fullmatch(name)) and re.match(rf"{re.escape(name)}(?![a-z])", found) is not None
