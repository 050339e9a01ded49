"""The learning rate of every step: cosine annealing, exponential and multi-step, each after a linear warm-up."""

import numpy as np

from models.training.training_config import Config


def learning_rates(config: Config, steps_per_epoch: int) -> np.ndarray:
    """float32 [max_epoch * steps_per_epoch]: the learning rate of every step of the optimizer.

    The warm-up rises linearly and reaches `lr` at its last step. The schedule counts epochs from the first step of
    the training, so a warm-up replaces its beginning, and `lr_epochs` are epochs of the training.
    """
    step = np.arange(config.max_epoch * steps_per_epoch)
    rates = SCHEDULES[config.lr_scheduler](config, step / steps_per_epoch)
    warmup = min(config.warmup_epochs * steps_per_epoch, len(step))
    rates[:warmup] = config.lr * np.arange(1, warmup + 1) / max(1, config.warmup_epochs * steps_per_epoch)
    return rates.astype(np.float32)


def _cosine_annealing(config: Config, epoch: np.ndarray) -> np.ndarray:
    """Half a cosine from `lr` down to `eta_min` over `T_max` epochs, step by step (arXiv:1608.03983, 3); then `eta_min`."""
    progress = np.minimum(epoch / config.T_max, 1)
    return np.asarray(config.eta_min + (config.lr - config.eta_min) * (1 + np.cos(np.pi * progress)) / 2)


def _exponential(config: Config, epoch: np.ndarray) -> np.ndarray:
    """`lr_gamma` times the previous rate, every epoch."""
    return np.asarray(config.lr * config.lr_gamma ** np.floor(epoch))


def _multi_step(config: Config, epoch: np.ndarray) -> np.ndarray:
    """`lr_gamma` times the previous rate, at each epoch of `lr_epochs`."""
    passed = np.searchsorted(np.sort(config.lr_epochs), np.floor(epoch), side="right")
    return np.asarray(config.lr * config.lr_gamma**passed)


SCHEDULES = {"cosine_annealing": _cosine_annealing, "exponential": _exponential, "multi_step": _multi_step}
