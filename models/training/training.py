"""The training loop: steps, curves, evaluation, checkpoints, and resuming after an interrupt."""

import logging
import math
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from types import FrameType

from mindspore import Tensor
from tqdm import tqdm

from models.resnext import ResNeXt, architecture
from models.training.checkpoints import Folder, load_weights, save_checkpoint
from models.training.curves import ACCURACY_COLUMNS, LOSS_COLUMNS, add_to_curve, begin_curve, plot
from models.training.dataset import ImageBatches, create_dataset
from models.training.distributed import Device, leave, open_device, sinks, sunk_losses
from models.training.evaluation import evaluate
from models.training.loss import SmoothedCrossEntropy
from models.training.optimizer import create_optimizer
from models.training.outputs_folder import keep_config, open_run
from models.training.precision import first_loss_scale, in_precision
from models.training.schedules import learning_rates
from models.training.state import TrainingState, newest_checkpoint
from models.training.step import Gradients, TrainingStep
from models.training.training_config import Config
from models.training.training_errors import ConfigInvalid, TrainingDiverged, TrainingInterrupted

LOG = logging.getLogger(__name__)


def run_training(config: Config) -> Path:
    """Train, or continue the run that `resume` names; returns the run's folder.

    The folder gets config.yaml, the log, loss.csv, accuracy.csv, curves.png and ckpt_<rank>/, with best.ckpt after an evaluation.
    Raises TrainingError. After SIGINT or SIGTERM, saves a checkpoint of the last step and raises TrainingInterrupted.
    """
    device = open_device(config)
    folder = open_run(config, device.rank)
    training = Training(config, device, folder)
    if device.rank == 0:
        keep_config(config, folder)
    with interrupts() as interrupted:
        # Processes that stop at different steps would wait for each other for ever. So all stop at once, at their last checkpoint.
        training.run(interrupted if device.ranks == 1 else [])
    leave(device)
    return folder


@contextmanager
def interrupts() -> Iterator[list[int]]:
    """A list that gets an entry at SIGINT or SIGTERM. A second signal has its normal effect."""
    received: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        received.append(number)
        signal.signal(number, former[signal.Signals(number)])

    former = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield received
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


class Training:
    """A run. Its state is the TrainingState; everything else follows from the configuration."""

    def __init__(self, config: Config, device: Device, folder: Path) -> None:
        """Build everything, and load the state of a checkpoint if there is one; raises TrainingError."""
        self.config, self.device, self.folder = config, device, folder
        self.steps_per_epoch = self._data(0, 0, 1).steps_per_epoch // config.accumulate_steps
        if self.steps_per_epoch == 0:
            raise ConfigInvalid("An epoch has fewer batches than one step needs.", "Lower accumulate_steps or per_batch_size.")
        self.rates = learning_rates(config, self.steps_per_epoch)
        self.network = ResNeXt(architecture(config.network), config.num_classes)
        if config.checkpoint_file_path and not config.resume:
            left_out = load_weights(self.network, Path(config.checkpoint_file_path), without_head=config.filter_weight)
            LOG.info("weights of %s; left out: %s", config.checkpoint_file_path, ", ".join(left_out) or "nothing")
        self.computed = in_precision(self.network, config)
        self.step = TrainingStep(
            Gradients(self.computed, SmoothedCrossEntropy(config.label_smooth_factor if config.label_smooth else 0.0), device.ranks),
            create_optimizer(self.network, config, self.rates),
            scale=first_loss_scale(config),
            dynamic=config.is_dynamic_loss_scale,
            batches=config.accumulate_steps,
        )
        self.state = TrainingState(self.network, self.step)
        if config.resume:
            checkpoint = newest_checkpoint(folder, Path(config.resume), device.rank)
            self.state.load(checkpoint)
            LOG.info("going on after step %d, with %s", self.state.step, checkpoint)
        self.checkpoints = Folder(folder / f"ckpt_{device.rank}", device.rank)
        self.losses, self.accuracies = folder / "loss.csv", folder / "accuracy.csv"
        if device.rank == 0:
            begin_curve(self.losses, LOSS_COLUMNS, self.state.step)
            begin_curve(self.accuracies, ACCURACY_COLUMNS, self.state.step)

    def run(self, interrupted: list[int]) -> None:
        """Train to the end. Raises TrainingDiverged, and TrainingInterrupted once `interrupted` has an entry."""
        LOG.info("start network train...")
        losses = self._step_losses()
        while self.state.step < len(self.rates):
            epoch = self.state.step // self.steps_per_epoch + 1
            last = epoch * self.steps_per_epoch
            self._epoch(epoch, losses, last, interrupted)
            if self.state.step == last:
                self._evaluate(epoch)
            if interrupted or epoch % self.config.ckpt_interval == 0 or last == len(self.rates):
                self._save()
            if self.device.rank == 0:
                plot(self.losses, self.accuracies, self.folder / "curves.png")
            if interrupted and self.state.step < len(self.rates):
                raise TrainingInterrupted(
                    f"Interrupted after step {self.state.step} of {len(self.rates)}, which is saved.",
                    f"Continue with --resume {self.folder}",
                )
        LOG.info("end network train...")

    def _epoch(self, epoch: int, losses: Iterator[Tensor], last: int, interrupted: list[int]) -> None:
        """Run the steps up to the end of the epoch, or to an interrupt."""
        state, first, began = self.state, self.state.step, time.monotonic()
        self.computed.set_train()
        with self._bar(epoch) as bar:
            for loss in islice(losses, last - first):
                state.step += 1
                bar.update()
                if not interrupted and state.step < last and state.step % self.config.log_interval:
                    continue
                value = float(loss.asnumpy())
                images_per_s = (state.step - first) * self._images_per_step / (time.monotonic() - began)
                bar.set_postfix_str(f"loss {value:.4f}")
                self._note(value, images_per_s)
                if interrupted:
                    break
        LOG.info("epoch[%d], iter[%d], loss:%s, mean_fps:%.2fimgs/sec", epoch, state.step, value, images_per_s)

    def _step_losses(self) -> Iterator[Tensor]:
        """The loss of every step from the state's step on; taking a loss from the iterator runs its step."""
        per_epoch, batches_per_step = self.steps_per_epoch, self.config.accumulate_steps
        first_epoch, done = divmod(self.state.step, per_epoch)
        if sinks(self.config):
            data = self._data(first_epoch, done, self.config.max_epoch - first_epoch)
            yield from sunk_losses(self.step, data.dataset, len(self.rates) - self.state.step)
            return
        for epoch in range(first_epoch, self.config.max_epoch):
            batches = islice(self._data(epoch, done * batches_per_step, 1), (per_epoch - done) * batches_per_step)
            losses: list[Tensor] = []
            for image, label in batches:
                completes = len(losses) + 1 == batches_per_step
                run = self.step if completes else self.step.accumulate
                losses.append(run(Tensor(image), Tensor(label)))
                if completes:
                    yield sum(losses[1:], losses[0]) / batches_per_step
                    losses.clear()
            done = 0

    def _data(self, first_epoch: int, first_batch: int, epochs: int) -> ImageBatches:
        rank, ranks = self.device.rank, self.device.ranks
        return create_dataset(
            self.config, training=True, rank=rank, ranks=ranks, first_epoch=first_epoch, first_batch=first_batch, epochs=epochs
        )

    @property
    def _images_per_step(self) -> int:
        return self.config.per_batch_size * self.config.accumulate_steps * self.device.ranks

    def _note(self, loss: float, images_per_s: float) -> None:
        """Add a row to the curve; raises TrainingDiverged if the loss is not a number."""
        step = self.state.step
        # If a dynamic loss scale skipped steps, the schedule is behind.
        rate = float(self.rates[max(0, int(self.step.optimizer.global_step.asnumpy().item()) - 1)])
        if not math.isfinite(loss):
            raise TrainingDiverged(
                f"The loss is {loss} at step {step}, epoch {math.ceil(step / self.steps_per_epoch)}, with a learning rate of {rate:g}.",
                "Lower lr or lengthen warmup_epochs; in mixed precision lower loss_scale or set is_dynamic_loss_scale. "
                f"The last good checkpoint, if any, is in {self.checkpoints.path}.",
            )
        if self.device.rank == 0:
            scale = float(self.step.scale.asnumpy())
            add_to_curve(self.losses, step, step / self.steps_per_epoch, rate, loss, scale, round(images_per_s, 2))

    def _evaluate(self, epoch: int) -> None:
        """On an evaluation epoch and on the last one: add a row to the curve, and save the checkpoint if it is the best."""
        config, since = self.config, epoch - self.config.eval_start_epoch
        due = (since >= 0 and since % config.eval_interval == 0) or epoch == config.max_epoch
        if not (config.run_eval and due):
            return
        accuracy = evaluate(self.computed, config, self.device)
        accuracy.log()
        if self.device.rank == 0:
            add_to_curve(self.accuracies, self.state.step, epoch, accuracy.top1, accuracy.top5, accuracy.images)
        if accuracy.top1 > self.state.best_top1:
            self.state.best_top1 = accuracy.top1
            if config.save_best_ckpt and self._saves:
                save_checkpoint(self.checkpoints.path / "best.ckpt", self.network.get_parameters())

    @property
    def _saves(self) -> bool:
        return self.device.rank == 0 or not self.config.is_save_on_master or self.config.rank_save_ckpt_flag

    def _save(self) -> None:
        if self._saves:
            epoch, step = divmod(self.state.step - 1, self.steps_per_epoch)
            path = self.checkpoints.file(epoch + 1, step + 1)
            self.state.save(path)
            self.checkpoints.prune(self.config.ckpt_save_max)
            LOG.info("epoch[%d], iter[%d], ckpt:%s", epoch + 1, self.state.step, path)

    def _bar(self, epoch: int) -> tqdm:  # type: ignore[type-arg, unused-ignore]
        """A progress bar of the epoch, on a terminal only."""
        hidden = self.device.rank > 0 or not sys.stderr.isatty()
        done, total = self.state.step % self.steps_per_epoch, self.steps_per_epoch
        return tqdm(total=total, initial=done, desc=f"epoch {epoch}/{self.config.max_epoch}", unit="step", disable=hidden, leave=False)
