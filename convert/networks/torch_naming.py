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
from convert.own_parameters import SCORES
from models.printable import printable

_ANCHOR = "layer1.0.conv1.weight"
_SEQUENTIAL_ANCHOR = "4.0.conv1.weight"
_SEQUENTIAL = {"0": "conv1", "1": "bn1", "4": "layer1", "5": "layer2", "6": "layer3", "7": "layer4"}  # torchvision's layers in order
_LOSS = re.compile(r"(?:.*[._])?(?:criterion|loss(?:es|_fn|_func)?|metrics?|acc|accuracy)\..*")
_AVERAGE = re.compile(r"(?:.*[._])?(?:ema|averaged?)[._].*")
_ADAPTER = re.compile(r"(?:.*[._])?(?:(?:lora|loha|lokr|adapter)s?(?:[._].*)?|base_layer\..*)", re.IGNORECASE)
_MAX_NAMED = 5

Named = dict[str, np.ndarray]


def torchvision_names(tensors: Mapping[str, np.ndarray], classes: int | None = None) -> tuple[Named, list[str]]:
    """The tensors under torchvision's names, and lines that tell what was renamed or left out.

    Of several classifiers the one of so many `classes` is taken. Raises ConvertError if there are several networks, or none, if a
    name comes twice, and for layers that change others (adapters, a temperature).
    """
    _refuse_changed(tensors)
    prefix, anchor = _place(tensors)
    named: Named = {}
    outside: Named = {}
    apart = [name for name in tensors if _LOSS.fullmatch(name) or (_AVERAGE.fullmatch(name) and not _AVERAGE.fullmatch(prefix))]
    for name, tensor in tensors.items():
        if not name.startswith(prefix) or name in apart:
            outside[name] = tensor
            continue
        first, dot, rest = name.removeprefix(prefix).partition(".")
        named[f"{_SEQUENTIAL.get(first, first) if anchor == _SEQUENTIAL_ANCHOR else first}{dot}{rest}"] = tensor
    told = [f"The network's names begin with {prefix!r}, which is dropped."] if prefix else []
    if anchor == _SEQUENTIAL_ANCHOR:
        told.append("Its layers are numbered: 0 is taken for conv1, 1 for bn1, 4 to 7 for layer1 to layer4.")
    if apart:
        told.append(f"Left out: {len(apart)} tensors of a loss, a metric or a moving average ({_listed(apart)}).")
    outside = {name: tensor for name, tensor in outside.items() if name not in apart}
    told += _choose_classifier(named, outside, classes)
    told += _name_classifier(named, outside)
    return named, told


def _refuse_changed(tensors: Mapping[str, np.ndarray]) -> None:
    """Raise ConvertError for parameters that change what other layers compute."""
    adapters = [name for name in tensors if _ADAPTER.fullmatch(name)]
    if adapters:
        raise ConvertError(
            f"The checkpoint holds an adapter (LoRA or the like), which changes the layers of a network: {_listed(adapters)}.",
            "Merge it where it was trained, and import the result: torch.save(model.merge_and_unload().state_dict(), 'merged.pth')",
        )
    scales = [name for name in tensors if SCORES.fullmatch(name)]
    if scales:
        raise ConvertError(f"The network scales its scores ({_listed(scales)}), and weights do not tell how.", f"To keep that, {ONNX_WAY}")


def _choose_classifier(named: Named, outside: Named, classes: int | None) -> list[str]:
    """Of several classifiers of the same features leave the one of so many classes; raises ConvertError if that does not tell one."""
    heads = {
        name.removesuffix(".weight"): tensor.shape
        for name, tensor in (named | outside).items()
        if name.endswith(".weight") and tensor.ndim == 2
    }
    if (
        len(heads) < 2
        or len({features for _, features in heads.values()}) > 1
        or any(rows == features for rows, features in heads.values())
    ):
        return []
    right = [stem for stem, (rows, _) in heads.items() if rows == classes]
    if len(right) != 1:
        listed = ", ".join(f"{stem[:100]} of {rows} classes" for stem, (rows, _) in list(heads.items())[:_MAX_NAMED])
        counts = [rows for rows, _ in heads.values()]
        one = next((rows for rows in sorted(counts) if counts.count(rows) == 1), None)
        raise ConvertError(
            f"The checkpoint holds {len(heads)} classifiers: {listed}.",
            f"Say which by its number of classes, for example: --classes {one}"
            if one
            else f"Save the network with one of them, or {ONNX_WAY}",
        )
    dropped = [stem for stem in heads if stem != right[0]]
    for stem in dropped:
        for part in ("weight", "bias"):
            named.pop(f"{stem}.{part}", None)
            outside.pop(f"{stem}.{part}", None)
    return [f"Of {len(heads)} classifiers {right[0]} is taken; left out: {_listed(dropped)}."]


def _place(tensors: Mapping[str, np.ndarray]) -> tuple[str, str]:
    """What the names of the network's layers begin with, and the name of one layer behind that."""
    for anchor in (_ANCHOR, _SEQUENTIAL_ANCHOR):
        found = [name.removesuffix(anchor) for name in tensors if name == anchor or name.endswith(f".{anchor}")]
        own = [prefix for prefix in found if not _AVERAGE.fullmatch(prefix)] or found
        if len(own) > 1:
            raise ConvertError(f"The checkpoint holds {len(own)} networks: {_listed(own)}.", _alone(own[0]))
        if own:
            return own[0], anchor
    raise ConvertError(
        f"The checkpoint holds a network that this project cannot build: {_listed(tensors)}.",
        f"Known are ResNet, ResNeXt, Wide ResNet, SE-ResNeXt and EfficientNet-Lite. For any other network, {ONNX_WAY}",
    )


def _alone(prefix: str) -> str:
    """The line that saves one of several networks."""
    line = f"torch.save({{n.removeprefix({prefix!r}): t for n, t in state.items() if n.startswith({prefix!r})}}, 'one.pth')"
    return f"Save one of them by itself, where state is the state dict: {line}. Or {ONNX_WAY}"


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
                f"The checkpoint holds {printable(name)} twice, in the network and beside it.", f"Save the network by itself, or {ONNX_WAY}"
            )
        if not name.endswith(COUNTER):
            named[name] = tensor


def _listed(names: Iterable[str]) -> str:
    several = list(names)
    more = f" and {len(several) - _MAX_NAMED} more" if len(several) > _MAX_NAMED else ""
    return ", ".join(repr(name[:100]) for name in several[:_MAX_NAMED]) + more
