"""Selects the network's parameters in a checkpoint; the other entries are an optimiser's state, count steps, or describe the training."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeVar

from convert.checkpoints.malformed import Malformed
from convert.checkpoints.pickle_names import makes_a_tensor
from convert.checkpoints.pickled_tensor import Skipped
from convert.own_parameters import is_own

MAX_TENSORS = 4096  # of a network; ResNeXt-101 has 626
WRAPPERS = ("state_dict", "model_state_dict", "model", "net", "network", "model_state", "weights", "params")
AVERAGES = ("state_dict_ema", "model_ema", "ema_state_dict", "model_ema_state_dict", "ema", "ema_model", "params_ema")
PREFIXES = ("module.", "_orig_mod.")  # of DataParallel and of torch.compile
AVERAGED = "n_averaged"  # a counter of torch.optim.swa_utils.AveragedModel
MAX_TOLD = 10
MAX_NESTED = 3  # dicts around the state dict, as {"model": {"state_dict": …}}
NAMES_OF_NETWORK = ("arch", "architecture", "model_name", "model_arch", "arch_name")  # timm and torch's ImageNet example save `arch`
SETTINGS = ("hyper_parameters", "hparams", "args", "config", "cfg", "meta")  # dicts that may hold such a name

Kind = TypeVar("Kind")
LeftOut = tuple[str, ...]


@dataclass(frozen=True)
class Selected(Generic[Kind]):
    """The network's parameters by name, the names of what was left out, and lines that say what was chosen.

    `architecture` is what the file calls its network; empty if it does not say it.
    """

    tensors: dict[str, Kind] = field(repr=False)
    left_out: LeftOut = ()
    told: tuple[str, ...] = ()
    architecture: str = ""


def state_dict_of(saved: object, kind: type[Kind]) -> Selected[Kind]:
    """The tensors (of type `kind`) by name in an object of torch.save, bare or among other data of an epoch, also some dicts deep.

    Of several state dicts, takes the first one in WRAPPERS; a moving average only if there is no other. Raises Malformed if
    there is none, if several have unknown names, and for a tensor among the parameters that could not be read.
    """
    if not isinstance(saved, dict):
        raise Malformed("it does not hold a state dict")
    found = _state_dict_of(saved, _Search(kind), ())
    return replace(found, architecture=found.architecture or named_architecture(saved))


def named_architecture(saved: Mapping[Any, object]) -> str:
    """The name of the network among the data that lies beside the weights; empty if there is none."""
    inner = [value for name in SETTINGS if isinstance(value := saved.get(name), dict)]
    texts = (value for held in (saved, *inner) for name in NAMES_OF_NETWORK if isinstance(value := held.get(name), str))
    return next((text for text in texts if text), "")


def _state_dict_of(saved: Mapping[object, object], search: "_Search[Kind]", at: tuple[object, ...]) -> Selected[Kind]:
    """`at` are the keys that lead to `saved` in the file."""
    kind, depth = search.kind, MAX_NESTED - len(at)
    held = [name for name, value in saved.items() if isinstance(value, dict) and search.parameters(value)]
    around = [name for name, value in saved.items() if isinstance(value, dict) and search.holds(value, depth)]
    if around and not held and not search.parameters(saved):
        name = _chosen(around, at)
        inner = saved[name]
        assert isinstance(inner, dict)  # noqa: S101 - `around` has no others
        found = _state_dict_of(inner, search, (*at, name))
        lines = (f"The weights are inside {name!r} in the file.", *found.told)
        left_out = (*(str(other) for other in saved if other != name), *found.left_out)
        return replace(found, left_out=left_out, told=lines, architecture=named_architecture(inner))
    if not held or (search.parameters(saved) and not {*WRAPPERS, *AVERAGES} & {*held}):
        return _selected(saved, kind, (), [])
    name = _chosen(held, at)
    told = [f"The weights are those of {name!r} in the file."] if name not in WRAPPERS[:2] else []
    averages = [other for other in held if other in AVERAGES and other != name]
    if averages:
        line = _line_that_saves((*at, averages[0]), "average.pth")
        told = [f"The weights are those of {name!r} in the file, not the moving average {_listed(averages)}. To take that one: {line}"]
    state = saved[name]
    assert isinstance(state, dict)  # noqa: S101 - `held` has no others
    return _selected(state, kind, tuple(str(other) for other in saved if other != name), told)


def without_training_state(names: Iterable[str]) -> tuple[list[str], LeftOut]:
    """Split the names of a MindSpore training checkpoint, which is flat, into the network's and the others.

    A network's parameter has its layer's name and a dot in front; step counters, learning rates and loss scales do not.
    The name of an optimiser's state is a word, a dot and the full name of the parameter (`moments.conv1.weight`).
    """
    everything = dict.fromkeys(names)
    left_out = tuple(name for name in everything if ("." not in name and not is_own(name)) or name.partition(".")[2] in everything)
    dropped = set(left_out)
    return [name for name in everything if name not in dropped], left_out


class _Search(Generic[Kind]):
    """Finds state dicts among nested dicts. Each dict is looked through once a depth: a pickle can hold one in very many places."""

    def __init__(self, kind: type[Kind]) -> None:
        self.kind = kind
        self._parameters: dict[int, bool] = {}  # by the id of a dict, all of which live as long as the search
        self._holds: dict[tuple[int, int], bool] = {}

    def parameters(self, value: Mapping[object, object]) -> bool:
        """Whether a dict is a network's state dict: some of its tensors have a layer's name."""
        if id(value) not in self._parameters:
            layers = (each for name, each in value.items() if isinstance(name, str) and "." in name)
            self._parameters[id(value)] = any(isinstance(each, self.kind) for each in layers)
        return self._parameters[id(value)]

    def holds(self, value: Mapping[object, object], depth: int) -> bool:
        """Whether a state dict is among the values, or among those of a dict there."""
        key = id(value), depth
        if key not in self._holds:
            inner = [each for each in value.values() if isinstance(each, dict)] if depth > 1 else []
            self._holds[key] = any(self.parameters(each) or self.holds(each, depth - 1) for each in inner)
        return self._holds[key]


def _chosen(found: list[object], at: tuple[object, ...]) -> object:
    for name in WRAPPERS:
        if name in found:
            return name
    others = [name for name in found if name not in AVERAGES]
    if len(others) > 1:
        line = _line_that_saves((*at, others[0]), "weights.pth")
        raise Malformed(f"it holds {len(others)} state dicts ({_listed(others)}); save the one you want by itself: {line}")
    return (others or found)[0]


def _line_that_saves(keys: Iterable[object], file: str) -> str:
    """The line of Python that saves by itself what lies under these keys, one inside the other."""
    place = "".join(f"[{key!r}]" for key in keys)
    return f'torch.save(torch.load(path, map_location="cpu"){place}, "{file}")'


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
