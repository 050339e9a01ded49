"""The learning rates, held against numbers computed by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.training.schedules import learning_rates
from models.training.training_config import SCHEDULERS, load_config


def rates(steps_per_epoch: int, **flags: object) -> np.ndarray:
    return learning_rates(load_config(None, {key: str(value) for key, value in flags.items()}), steps_per_epoch)


def test_cosine_annealing() -> None:
    found = rates(2, lr_scheduler="cosine_annealing", lr=1.0, eta_min=0.2, T_max=2, max_epoch=3, warmup_epochs=0)
    # 0.2 + 0.8 (1 + cos(k pi / 4)) / 2, then eta_min
    assert found == pytest.approx([1.0, 0.8828427, 0.6, 0.3171573, 0.2, 0.2])


def test_the_warm_up_replaces_the_beginning() -> None:
    found = rates(2, lr_scheduler="cosine_annealing", lr=1.0, eta_min=0.2, T_max=2, max_epoch=2, warmup_epochs=1)
    assert found == pytest.approx([0.5, 1.0, 0.6, 0.3171573])


def test_exponential() -> None:
    assert rates(2, lr_scheduler="exponential", lr=0.8, lr_gamma=0.5, max_epoch=3, warmup_epochs=0) == pytest.approx(
        [0.8, 0.8, 0.4, 0.4, 0.2, 0.2]
    )


def test_multi_step() -> None:
    found = rates(1, lr_scheduler="multi_step", lr=1.0, lr_gamma=0.1, lr_epochs=[4, 2], max_epoch=6, warmup_epochs=1)
    assert found == pytest.approx([1.0, 1.0, 0.1, 0.1, 0.01, 0.01])


def test_a_warm_up_longer_than_the_training_only_rises() -> None:
    assert rates(2, lr=1.0, max_epoch=1, warmup_epochs=2) == pytest.approx([0.25, 0.5])


@given(st.sampled_from(SCHEDULERS), st.integers(1, 30), st.integers(1, 20), st.integers(0, 5), st.integers(1, 40))
def test_every_schedule_falls_after_the_warm_up(scheduler: str, per_epoch: int, epochs: int, warmup: int, t_max: int) -> None:
    found = rates(per_epoch, lr_scheduler=scheduler, lr=0.4, lr_epochs=[3, 7], max_epoch=epochs, warmup_epochs=warmup, T_max=t_max)
    assert found.shape == (per_epoch * epochs,)
    assert found.dtype == np.float32
    after = found[warmup * per_epoch :]
    assert (np.diff(after) <= 0).all()
    assert found.min() >= 0
    assert found.max() <= np.float32(0.4)
