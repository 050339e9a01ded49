"""Mean and deviation among a network's own parameters: it normalises its pixels itself."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from convert.own_parameters import PIXELS

_SIZES = (1, 3)


@dataclass(frozen=True)
class OwnNormalisation:
    """The `names` of the parameters, and the options of `convert import` that say the same.

    With `unit`, the options are those for pixels of 0-1; the numbers alone do not tell whether it takes such pixels.
    """

    names: tuple[str, ...]
    options: str
    unit: bool


def own_normalisation(tensors: Mapping[str, np.ndarray]) -> OwnNormalisation | None:
    """The mean and the deviation of pixels among the tensors.

    None if there are not both, once, of one number or one a channel, and if a deviation is not positive.
    """
    found = {name: match["what"].lower() for name, tensor in tensors.items() if tensor.size in _SIZES and (match := PIXELS.fullmatch(name))}
    if sorted(found.values()) != ["mean", "std"]:
        return None
    mean, std = (tensors[name].reshape(-1) for name in sorted(found, key=found.__getitem__))
    if not (np.isfinite(mean).all() and np.isfinite(std).all() and (std > 0).all()):
        return None
    unit = bool(np.abs(mean).max() <= 1 and std.max() <= 1)  # both: a mean of 0 with a std of 255 is for pixels of 0-255
    options = f"--mean {_words(mean)} --std {_words(std)}{' --scale 1/255' if unit else ''}"
    return OwnNormalisation(tuple(found), options, unit)


def _words(numbers: np.ndarray) -> str:
    return ",".join(f"{number:.6g}" for number in numbers.tolist())
