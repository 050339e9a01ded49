"""Mean and deviation among a network's own parameters: it normalises its pixels itself."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

_NAME = re.compile(r"(?:.*\.)?(?:(?:pixel|image|img|input|norm|data)_?)?(?P<what>mean|std)", re.IGNORECASE)
_SIZES = (1, 3)


@dataclass(frozen=True)
class OwnNormalisation:
    """The `names` of the parameters, and the options of `convert import` that say the same."""

    names: tuple[str, ...]
    options: str


def own_normalisation(tensors: Mapping[str, np.ndarray]) -> OwnNormalisation | None:
    """The mean and the deviation of pixels among the tensors; None if there are not both, once, of one number or one a channel."""
    found = {name: match["what"].lower() for name, tensor in tensors.items() if (match := _NAME.fullmatch(name)) and tensor.size in _SIZES}
    if sorted(found.values()) != ["mean", "std"]:
        return None
    numbers = {what: ",".join(f"{number:.6g}" for number in tensors[name].reshape(-1).tolist()) for name, what in found.items()}
    mean = max(np.abs(tensors[name]).max() for name, what in found.items() if what == "mean")
    scale = " --scale 1/255" if mean <= 1 else ""
    return OwnNormalisation(tuple(found), f"--mean {numbers['mean']} --std {numbers['std']}{scale}")
