"""Selects the network's parameters in a checkpoint; the other entries are an optimiser's state or count steps."""

from collections.abc import Iterable, Mapping
from typing import TypeVar

from convert.checkpoints.malformed import Malformed

MAX_TENSORS = 4096  # of a network; ResNeXt-101 has 626
WRAPPERS = ("state_dict", "model_state_dict", "model", "net", "network")
PREFIXES = ("module.", "_orig_mod.")  # of DataParallel and of torch.compile

Kind = TypeVar("Kind")
LeftOut = tuple[str, ...]


def state_dict_of(saved: object, kind: type[Kind]) -> tuple[dict[str, Kind], LeftOut]:
    """The tensors (of type `kind`) by name in an object of torch.save, bare or among other data of an epoch; and the names left out.

    Of several state dicts, takes the first one in WRAPPERS, so never a moving average. Raises Malformed if there is none.
    """
    if not isinstance(saved, dict):
        raise Malformed("it does not hold a state dict")
    left_out: list[str] = []
    for name in WRAPPERS:
        inner = saved.get(name)
        if isinstance(inner, dict) and any(isinstance(value, kind) for value in inner.values()):
            left_out = [str(key) for key in saved if key != name]
            saved = inner
            break
    tensors = {str(name): value for name, value in saved.items() if isinstance(value, kind)}
    left_out += [str(name) for name in saved if not isinstance(saved[name], kind)]
    if not tensors:
        raise Malformed("it does not hold a state dict")
    return _without_prefix(_counted(tensors)), tuple(left_out)


def without_training_state(names: Iterable[str]) -> tuple[list[str], LeftOut]:
    """Split the names of a MindSpore training checkpoint, which is flat, into the network's and the others.

    A network's parameter has its layer's name and a dot in front; step counters, learning rates and loss scales do not.
    The name of an optimiser's state is a word, a dot and the full name of the parameter (`moments.conv1.weight`).
    """
    everything = dict.fromkeys(names)
    left_out = tuple(name for name in everything if "." not in name or name.partition(".")[2] in everything)
    return [name for name in everything if name not in set(left_out)], left_out


def _counted(tensors: Mapping[str, Kind]) -> Mapping[str, Kind]:
    if len(tensors) > MAX_TENSORS:
        raise Malformed(f"it holds {len(tensors)} tensors, more than {MAX_TENSORS}")
    return tensors


def _without_prefix(tensors: Mapping[str, Kind]) -> dict[str, Kind]:
    for prefix in PREFIXES * 2:  # in either order
        if all(name.startswith(prefix) for name in tensors):
            tensors = {name.removeprefix(prefix): value for name, value in tensors.items()}
    return dict(tensors)
