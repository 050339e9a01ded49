"""The complete state of a training: a resumed training continues exactly."""

from pathlib import Path

from mindspore import Parameter, Tensor, nn
from mindspore import dtype as mstype

from models.training.checkpoints import Folder, fits, read_checkpoint, save_checkpoint
from models.training.step import TrainingStep
from models.training.training_errors import CheckpointUnfit


class TrainingState:
    """The network, the optimizer's moments and its place in the schedule, the loss scale, the step, the best Top-1."""

    def __init__(self, network: nn.Cell, step: TrainingStep) -> None:
        self.step = 0  # steps since the beginning of the training
        self.best_top1 = -1  # correct images
        self._counters = [
            Parameter(Tensor(0, mstype.int64), name=f"training.{name}", requires_grad=False) for name in ("step", "best_top1")
        ]
        optimizer = step.optimizer
        self._parameters = [
            *network.get_parameters(),
            *optimizer.moments,
            optimizer.global_step,
            step.scale,
            step.good_steps,
            *self._counters,
        ]

    def save(self, path: Path) -> None:
        """Write the state to one checkpoint file; no partial file remains after a failure."""
        for counter, value in zip(self._counters, (self.step, self.best_top1), strict=True):
            counter.set_data(Tensor(value, mstype.int64))
        save_checkpoint(path, self._parameters)

    def load(self, path: Path) -> None:
        """Load the state from a checkpoint. Raises CheckpointUnfit, and then changes nothing."""
        found, wanted = read_checkpoint(path), {parameter.name: parameter for parameter in self._parameters}
        if self._counters[0].name not in found:
            remedy = "Resume from a <rank>-<epoch>_<step>.ckpt, or start from the weights with checkpoint_file_path."
            raise CheckpointUnfit(f"The checkpoint {path} holds weights, but not the state of a training.", remedy)
        fits(found, wanted, path)
        for name, parameter in wanted.items():
            parameter.set_data(found[name])
        self.step, self.best_top1 = (int(counter.asnumpy()) for counter in self._counters)


def newest_checkpoint(run: Path, resume: Path, rank: int) -> Path:
    """The checkpoint that `resume` names: a file, or the newest one of the run's folder. Raises CheckpointUnfit."""
    if resume.is_file():
        return resume
    for saved_by in (rank, 0):  # a process that saves no checkpoints continues from the first process's
        if files := Folder(run / f"ckpt_{saved_by}", saved_by).files():
            return files[-1]
    raise CheckpointUnfit(f"The run in {run} has saved no checkpoint yet.", "Start it again without --resume.")
