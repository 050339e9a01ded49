"""Finds a ResNet's own parameters among those of the module that held it in training, and its classifier.

A training wraps the network: Lightning has it under `model.`, mmpretrain as `backbone.` and `head.fc.`, others put a dropout before
the classifier (`fc.1.`), or make a Sequential of the layers (`features.4.0.conv1`). What is not the network's stays under its own
name, and so does not fit: a layer that is forgotten would give wrong scores. Only losses, metrics and averages are left out.
"""

import re
from collections.abc import Iterable, Mapping

import numpy as np

from convert.conversion_errors import ConvertError
from convert.networks.fit import COUNTER, ONNX_WAY

_ANCHOR = "layer1.0.conv1.weight"
_SEQUENTIAL_ANCHOR = "4.0.conv1.weight"
_SEQUENTIAL = {"0": "conv1", "1": "bn1", "4": "layer1", "5": "layer2", "6": "layer3", "7": "layer4"}  # torchvision's layers in order
_LOSS = re.compile(r"(?:.*[._])?(?:criterion|loss(?:es|_fn|_func)?|metrics?|acc|accuracy)\..*")
_AVERAGE = re.compile(r"(?:.*[._])?(?:ema|averaged?)[._].*")
_MAX_NAMED = 5

Named = dict[str, np.ndarray]


def torchvision_names(tensors: Mapping[str, np.ndarray]) -> tuple[Named, list[str]]:
    """The tensors under torchvision's names, and lines that tell what was renamed or left out.

    Raises ConvertError if there are several networks, or none, or if a name comes twice.
    """
    prefix, anchor = _place(tensors)
    named: Named = {}
    outside: Named = {}
    for name, tensor in tensors.items():
        if not name.startswith(prefix):
            outside[name] = tensor
            continue
        first, dot, rest = name.removeprefix(prefix).partition(".")
        named[f"{_SEQUENTIAL.get(first, first) if anchor == _SEQUENTIAL_ANCHOR else first}{dot}{rest}"] = tensor
    told = [f"The network's names begin with {prefix!r}, which is dropped."] if prefix else []
    if anchor == _SEQUENTIAL_ANCHOR:
        told.append("Its layers are numbered: 0 is taken for conv1, 1 for bn1, 4 to 7 for layer1 to layer4.")
    beside = [name for name in outside if _LOSS.fullmatch(name) or (_AVERAGE.fullmatch(name) and not _AVERAGE.fullmatch(prefix))]
    if beside:
        told.append(f"Left out: {len(beside)} tensors of a loss, a metric or a moving average ({_listed(beside)}).")
    told += _name_classifier(named, {name: tensor for name, tensor in outside.items() if name not in set(beside)})
    return named, told


def _place(tensors: Mapping[str, np.ndarray]) -> tuple[str, str]:
    """What the names of the network's layers begin with, and the name of one layer behind that."""
    for anchor in (_ANCHOR, _SEQUENTIAL_ANCHOR):
        found = [name.removesuffix(anchor) for name in tensors if name == anchor or name.endswith(f".{anchor}")]
        own = [prefix for prefix in found if not _AVERAGE.fullmatch(prefix)] or found
        if len(own) > 1:
            raise ConvertError(f"The checkpoint holds {len(own)} networks: {_listed(own)}.", f"Save one of them by itself, or {ONNX_WAY}")
        if own:
            return own[0], anchor
    raise ConvertError(
        f"The checkpoint holds a network that this project cannot build: {_listed(tensors)}.",
        f"Known are ResNet, ResNeXt, Wide ResNet, SE-ResNeXt and EfficientNet-Lite. For any other network, {ONNX_WAY}",
    )


def _name_classifier(named: Named, outside: Named) -> list[str]:
    """Rename the only fully connected layer to `fc`; add the rest of `outside` under its own names, which `fit` will refuse."""
    if not any(name.startswith("fc.") and name.count(".") == 1 for name in named):
        layers = [name for name, tensor in (named | outside).items() if name.endswith(".weight") and tensor.ndim == 2]
        if not layers:
            raise ConvertError(
                "The checkpoint holds a ResNet without its classifier: no fully connected layer.",
                f"Import the checkpoint that was trained with its classifier, or {ONNX_WAY}",
            )
        if len(layers) == 1:
            stem = layers[0].removesuffix("weight")
            for part in ("weight", "bias"):
                for held in (named, outside):
                    if (tensor := held.pop(stem + part, None)) is not None:
                        named[f"fc.{part}"] = tensor
            _keep(named, outside)
            return [f"{stem.removesuffix('.')} is taken for the classifier fc."]
    _keep(named, outside)
    return []


def _keep(named: Named, outside: Named) -> None:
    for name, tensor in outside.items():
        if name in named:
            raise ConvertError(
                f"The checkpoint holds {name} twice, in the network and beside it.", f"Save the network by itself, or {ONNX_WAY}"
            )
        if not name.endswith(COUNTER):
            named[name] = tensor


def _listed(names: Iterable[str]) -> str:
    several = list(names)
    more = f" and {len(several) - _MAX_NAMED} more" if len(several) > _MAX_NAMED else ""
    return ", ".join(repr(name[:100]) for name in several[:_MAX_NAMED]) + more
