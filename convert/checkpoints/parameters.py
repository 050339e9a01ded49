"""Selects the network's parameters in a checkpoint; the other entries are an optimiser's state, count steps, or describe the training."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from convert.checkpoints.malformed import Malformed
from convert.checkpoints.pickle_names import makes_a_tensor
from convert.checkpoints.pickled_tensor import Skipped

MAX_TENSORS = 4096  # of a network; ResNeXt-101 has 626
WRAPPERS = ("state_dict", "model_state_dict", "model", "net", "network", "model_state", "weights", "params")
AVERAGES = ("state_dict_ema", "model_ema", "ema_state_dict", "model_ema_state_dict", "ema", "ema_model", "params_ema")
PREFIXES = ("module.", "_orig_mod.")  # of DataParallel and of torch.compile
AVERAGED = "n_averaged"  # a counter of torch.optim.swa_utils.AveragedModel
MAX_TOLD = 10

Kind = TypeVar("Kind")
LeftOut = tuple[str, ...]


@dataclass(frozen=True)
class Selected(Generic[Kind]):
    """The network's parameters by name, the names of what was left out, and lines that say what was chosen."""

    tensors: dict[str, Kind] = field(repr=False)
    left_out: LeftOut = ()
    told: tuple[str, ...] = ()


def state_dict_of(saved: object, kind: type[Kind]) -> Selected[Kind]:
    """The tensors (of type `kind`) by name in an object of torch.save, bare or among other data of an epoch.

    Of several state dicts, takes the first one in WRAPPERS; a moving average only if there is no other. Raises Malformed if
    there is none, if several have unknown names, and for a tensor among the parameters that could not be read.
    """
    if not isinstance(saved, dict):
        raise Malformed("it does not hold a state dict")
    found = [name for name, value in saved.items() if isinstance(value, dict) and _parameters(value, kind)]
    if not found or (_parameters(saved, kind) and not {*WRAPPERS, *AVERAGES} & {*found}):
        return _selected(saved, kind, (), [])
    name = _chosen(found)
    told = [f"The weights are those of {name!r} in the file."] if name not in WRAPPERS[:2] else []
    averages = [other for other in found if other in AVERAGES and other != name]
    if averages:
        line = f'torch.save(torch.load(path, map_location="cpu")[{averages[0]!r}], "average.pth")'
        told = [f"The weights are those of {name!r} in the file, not the moving average {_listed(averages)}. To take that one: {line}"]
    return _selected(saved[name], kind, tuple(str(other) for other in saved if other != name), told)


def without_training_state(names: Iterable[str]) -> tuple[list[str], LeftOut]:
    """Split the names of a MindSpore training checkpoint, which is flat, into the network's and the others.

    A network's parameter has its layer's name and a dot in front; step counters, learning rates and loss scales do not.
    The name of an optimiser's state is a word, a dot and the full name of the parameter (`moments.conv1.weight`).
    """
    everything = dict.fromkeys(names)
    left_out = tuple(name for name in everything if "." not in name or name.partition(".")[2] in everything)
    return [name for name in everything if name not in set(left_out)], left_out


def _parameters(value: Mapping[object, object], kind: type[Kind]) -> bool:
    """Whether a dict is a network's state dict: some of its tensors have a layer's name."""
    return any(isinstance(name, str) and "." in name and isinstance(tensor, kind) for name, tensor in value.items())


def _chosen(found: list[object]) -> object:
    for name in WRAPPERS:
        if name in found:
            return name
    others = [name for name in found if name not in AVERAGES]
    if len(others) > 1:
        line = f'torch.save(torch.load(path, map_location="cpu")[{others[0]!r}], "weights.pth")'
        raise Malformed(f"it holds {len(others)} state dicts ({_listed(others)}); save the one you want by itself: {line}")
    return (others or found)[0]


def _selected(state: Mapping[object, object], kind: type[Kind], left_out: LeftOut, told: list[str]) -> Selected[Kind]:
    tensors = {str(name): value for name, value in state.items() if isinstance(value, kind)}
    others = {str(name): value for name, value in state.items() if not isinstance(value, kind)}
    if any(name.startswith(PREFIXES) for name in tensors) and AVERAGED in tensors:
        del tensors[AVERAGED]
        others[AVERAGED] = None
    if not tensors:
        raise Malformed("it does not hold a state dict")
    if len(tensors) > MAX_TENSORS:
        raise Malformed(f"it holds {len(tensors)} tensors, more than {MAX_TENSORS}")
    unread = [name for name, value in others.items() if isinstance(value, Skipped) and makes_a_tensor(value.name)]
    if unread:
        raise Malformed(f"{_listed(unread)} among its parameters: sparse, quantised or of a class of its own, which is not read")
    for prefix in PREFIXES * 2:  # in either order
        if all(name.startswith(prefix) for name in tensors):
            tensors = {name.removeprefix(prefix): value for name, value in tensors.items()}
            told = [*told, f"All names begin with {prefix!r}, which is dropped."]
    return Selected(tensors, (*left_out, *others), tuple(told))


def _listed(names: Iterable[object]) -> str:
    several = [repr(str(name)[:100]) for name in names]
    more = f" and {len(several) - MAX_TOLD} more" if len(several) > MAX_TOLD else ""
    return ", ".join(several[:MAX_TOLD]) + more
