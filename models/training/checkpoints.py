"""Checkpoints: written under a temporary name and renamed; checked against the network when read."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import mindspore as ms
from mindspore import Parameter, nn

from models.training.training_errors import CheckpointUnfit
from models.whole_file import UNFINISHED, whole_file

HEAD = ("fc.weight", "fc.bias")


def save_checkpoint(path: Path, parameters: Iterable[Parameter]) -> None:
    """Write the parameters to `path`. After a failure or an interrupt, `path` has no file or the former one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    for left in path.parent.glob(f"{UNFINISHED}*"):  # of this run, if it was killed: no other writes here
        left.unlink(missing_ok=True)
    with whole_file(path, ending=path.suffix) as unfinished:  # MindSpore wants the ending
        ms.save_checkpoint([{"name": parameter.name, "data": parameter} for parameter in parameters], str(unfinished))


def read_checkpoint(path: Path) -> dict[str, Parameter]:
    """The parameters by name; raises CheckpointUnfit."""
    if not path.is_file():
        raise CheckpointUnfit(f"The checkpoint {path} does not exist.", "Name a .ckpt file.")
    try:
        return dict(ms.load_checkpoint(str(path)))
    except (ValueError, TypeError, RuntimeError, OSError) as error:
        reason = str(error).strip().splitlines()[0]
        raise CheckpointUnfit(f"The checkpoint {path} cannot be read: {reason}", "Give a complete MindSpore checkpoint.") from None


def load_weights(network: nn.Cell, path: Path, *, without_head: bool = False) -> list[str]:
    """Fill the network from a checkpoint; returns the names of the parameters left out.

    With `without_head`, the head may be for another number of classes; then the network's head is not changed. Every other parameter
    must be in the checkpoint with its shape; else nothing is loaded: raises CheckpointUnfit.
    """
    found = {name: parameter for name, parameter in read_checkpoint(path).items() if not is_state(name)}
    wanted = {parameter.name: parameter for parameter in network.get_parameters()}
    left_out = [name for name in HEAD if without_head and name in found and found[name].shape != wanted[name].shape]
    fits({name: p for name, p in found.items() if name not in left_out}, {n: p for n, p in wanted.items() if n not in left_out}, path)
    for name in wanted.keys() - set(left_out):
        wanted[name].set_data(found[name])
    return left_out


def is_state(name: str) -> bool:
    """Whether the parameter is training state and not the network's: moments, or counters, whose names have no layer in front."""
    return "." not in name or name.startswith(("moments.", "training."))


def fits(found: Mapping[str, Parameter], wanted: Mapping[str, Parameter], path: Path) -> None:
    """Check the parameters; raises CheckpointUnfit that names the missing and unknown ones and those of another shape."""
    misshapen = [
        f"{name} {list(found[name].shape)} instead of {list(parameter.shape)}"
        for name, parameter in wanted.items()
        if name in found and found[name].shape != parameter.shape
    ]
    lists = (("missing", wanted.keys() - found.keys()), ("unknown", found.keys() - wanted.keys()), ("of another shape", misshapen))
    told = [f"{what}: {_some(sorted(names))}" for what, names in lists if names]
    if not told:
        return
    remedy = "Set `network` and `num_classes` to the checkpoint's."
    if not (wanted.keys() ^ found.keys()) and all(entry.startswith("fc.") for entry in misshapen):
        remedy = "It is for another number of classes: set num_classes, or filter_weight: true to train a new head."
    raise CheckpointUnfit(f"The checkpoint {path} does not fit this network; {'; '.join(told)}.", remedy)


def _some(names: list[str]) -> str:
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")


@dataclass(frozen=True)
class Folder:
    """The checkpoints of one process, with the original project's names: <rank>-<epoch>_<step of the epoch>.ckpt."""

    path: Path
    rank: int = 0

    def file(self, epoch: int, step: int) -> Path:
        """The path of the checkpoint after that step of that epoch; both count from 1."""
        return self.path / f"{self.rank}-{epoch}_{step}.ckpt"

    def files(self) -> list[Path]:
        """The existing checkpoints, oldest first."""
        places = ((re.fullmatch(rf"{self.rank}-(\d+)_(\d+)\.ckpt", path.name), path) for path in self.path.glob("*.ckpt"))
        return [path for _, path in sorted(((int(m[1]), int(m[2])), path) for m, path in places if m)]

    def prune(self, keep: int) -> None:
        """Remove all but the newest `keep`."""
        for path in self.files()[:-keep]:
            path.unlink(missing_ok=True)
