"""Evaluation: Top-1 and Top-5 over every image exactly once."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from mindspore import Tensor, nn

from models.resnext import ResNeXt, architecture
from models.training.checkpoints import load_weights
from models.training.dataset import create_dataset
from models.training.distributed import Device, open_device
from models.training.outputs_folder import open_run
from models.training.precision import in_precision
from models.training.training_config import Config
from models.training.training_errors import ConfigInvalid, TrainingDiverged

LOG = logging.getLogger(__name__)
Batch = tuple[np.ndarray, np.ndarray]  # images float32 [N, 3, H, W], labels int32 [N]


@dataclass(frozen=True)
class Accuracy:
    """The number of correct images and the number of all images."""

    images: int
    top1: int
    top5: int

    def log(self) -> None:
        """Log two lines in the original project's format."""
        for name, correct in (("top1", self.top1), ("top5", self.top5)):
            share = 100 * correct / max(1, self.images)
            LOG.info("after allreduce eval: %s_correct=%d, tot=%d, acc=%.2f%%(%s)", name, correct, self.images, share, name.upper())


def run_evaluation(config: Config) -> Accuracy:
    """Measure the checkpoint `checkpoint_file_path` on the evaluation data and log it; raises TrainingError."""
    if not config.checkpoint_file_path:
        raise ConfigInvalid("No checkpoint to evaluate is given.", "Name it: --checkpoint_file_path FILE.ckpt.")
    device = open_device(config)
    open_run(config, device.rank)
    network = ResNeXt(architecture(config.network), config.num_classes)
    load_weights(network, Path(config.checkpoint_file_path))
    accuracy = evaluate(in_precision(network, config), config, device)
    accuracy.log()
    return accuracy


def evaluate(network: nn.Cell, config: Config, device: Device) -> Accuracy:
    """The accuracy over the evaluation data of all processes; logs the unreadable images, which count as wrong."""
    batches = create_dataset(config, training=False, rank=device.rank, ranks=device.ranks)
    accuracy = count_correct(network, batches, config.eval_per_batch_size)
    for path, reason in batches.unreadable.items():
        LOG.warning("unreadable, counted as wrong: %s: %s", path, reason)
    return Accuracy(*device.total([accuracy.images, accuracy.top1, accuracy.top5]))


def count_correct(network: nn.Cell, batches: Iterable[Batch], batch_size: int) -> Accuracy:
    """Run the network, in inference mode, over batches of at most `batch_size`. Raises TrainingDiverged for NaN or infinite logits."""
    was_training = network.training
    network.set_train(False)
    places = [places_of(logits_of(network, image, batch_size), label) for image, label in batches]
    network.set_train(was_training)
    place = np.concatenate(places) if places else np.zeros(0, np.int64)
    return Accuracy(len(place), int((place < 1).sum()), int((place < 5).sum()))


def logits_of(network: nn.Cell, image: np.ndarray, batch_size: int) -> np.ndarray:
    """Logits float32 [N, classes]. A smaller last batch is padded, so that MindSpore compiles no second graph for it."""
    filled = np.concatenate([image, np.zeros((batch_size - len(image), *image.shape[1:]), image.dtype)])
    logits: np.ndarray = network(Tensor(filled)).asnumpy()[: len(image)].astype(np.float32)
    if not np.isfinite(logits).all():
        raise TrainingDiverged("The network's outputs are not numbers.", "Train with a lower learning rate, or at --amp_level O0.")
    return logits


def places_of(logits: np.ndarray, label: np.ndarray) -> np.ndarray:
    """Int [N]: the rank of each image's label among its classes, 0 for the best; among equal scores the lower class comes first.

    A label of -1 (an unreadable image) gets the last rank plus one.
    """
    own = logits[np.arange(len(label)), label][:, None]
    before = np.arange(logits.shape[1]) < label[:, None]
    places: np.ndarray = ((logits > own) | ((logits == own) & before)).sum(axis=1)
    places[label < 0] = logits.shape[1]
    return places
