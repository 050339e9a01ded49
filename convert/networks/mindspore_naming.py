"""The names that MindSpore's ResNets have, as those of torchvision (`layer1.0.bn1.running_mean`, `layer1.0.downsample.0.weight`).

- This project's training: the same names, with `gamma beta moving_mean moving_variance` for batch normalisation.
- mindspore-ai/models, research/cv/ResNeXt: `backbone.layer1.0.down_sample.conv.weight`, `head.fc.weight`; on Ascend each group
  is a separate convolution, `backbone.layer1.0.conv2.convs.31.weight`. The stem's max pool has pad_mode "same".

`0-150_1251.ckpt` of the first Ascend ResNeXt-101 uses the last scheme. Its groups, one after the other, are the filters of one
grouped convolution; its batch normalisation has the same epsilon (1e-5, MindSpore's default).
"""

import re
from collections.abc import Mapping

import numpy as np

from convert.conversion_errors import ConvertError
from models.printable import printable

_STATISTICS = {"gamma": "weight", "beta": "bias", "moving_mean": "running_mean", "moving_variance": "running_var"}
_MODEL_ZOO = (  # names of mindspore-ai/models
    (re.compile(r"^backbone\.(conv|bn)\."), r"\g<1>1."),
    (re.compile(r"^backbone\."), ""),
    (re.compile(r"^head\.fc\."), "fc."),
    (re.compile(r"\.down_sample\.conv\."), ".downsample.0."),
    (re.compile(r"\.down_sample\.bn\."), ".downsample.1."),
)
_GROUP = re.compile(r"(.+\.conv2)\.convs\.([0-9]{1,3})\.weight")


def torchvision_names_of_mindspore(tensors: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The tensors under torchvision's names; raises ConvertError if two get one name."""
    model_zoo = any(name.startswith("backbone.") for name in tensors)
    named: dict[str, np.ndarray] = {}
    for name, tensor in tensors.items():
        new = _torchvision_name(name, model_zoo=model_zoo)
        if new in named:
            raise ConvertError(f"The checkpoint holds {printable(new)} twice; one of them is {printable(name)}.")
        named[new] = tensor
    if model_zoo:
        _join_groups(named)
    return named


def _torchvision_name(name: str, *, model_zoo: bool) -> str:
    for pattern, replacement in _MODEL_ZOO if model_zoo else ():
        name = pattern.sub(replacement, name)
    stem, dot, part = name.rpartition(".")
    return f"{stem}{dot}{_STATISTICS.get(part, part)}"


def _join_groups(named: dict[str, np.ndarray]) -> None:
    """Join the filters of a convolution's groups, `convs.0` to `convs.31`, if all exist and have one shape."""
    groups: dict[str, dict[int, str]] = {}
    for name in named:
        if match := _GROUP.fullmatch(name):
            groups.setdefault(match[1], {})[int(match[2])] = name
    for conv, parts in groups.items():
        filters = [named[parts[number]] for number in sorted(parts)]
        if sorted(parts) == list(range(len(parts))) and len({(part.shape, part.dtype) for part in filters}) == 1:
            named[f"{conv}.weight"] = np.concatenate(filters)
            for name in parts.values():
                del named[name]
