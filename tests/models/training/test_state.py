"""The saved state of a training comes back whole."""

from pathlib import Path

import mindspore as ms
import numpy as np
import pytest

from models.training.checkpoints import save_checkpoint
from models.training.state import TrainingState, newest_checkpoint
from models.training.training_errors import CheckpointUnfit
from tests.models.training.test_step import Scores, run, step


def test_everything_comes_back(tmp_path: Path) -> None:
    cell = step(Scores(), is_dynamic_loss_scale="true", amp_level="O2")
    state = TrainingState(cell.gradients.network, cell)
    for state.step in (1, 2):
        run(cell)
    state.best_top1 = 40
    cell.scale.set_data(ms.Tensor(2.0**17, ms.float32))
    state.save(tmp_path / "0-1_2.ckpt")

    other = step(Scores(), is_dynamic_loss_scale="true", amp_level="O2")
    found = TrainingState(other.gradients.network, other)
    found.load(tmp_path / "0-1_2.ckpt")
    assert (found.step, found.best_top1) == (2, 40)
    assert (float(other.scale.asnumpy()), int(other.good_steps.asnumpy()), other.optimizer.global_step.asnumpy().item()) == (2.0**17, 2, 2)
    for one, two in zip(cell.optimizer.moments, other.optimizer.moments, strict=True):
        assert one.asnumpy().any()
        np.testing.assert_array_equal(one.asnumpy(), two.asnumpy())
    assert run(cell) == run(other)


def test_weights_alone_are_no_state(tmp_path: Path) -> None:
    cell = step(Scores())
    save_checkpoint(tmp_path / "best.ckpt", cell.gradients.network.get_parameters())
    with pytest.raises(CheckpointUnfit, match="not the state of a training"):
        TrainingState(cell.gradients.network, cell).load(tmp_path / "best.ckpt")


def test_the_newest_of_a_run(tmp_path: Path) -> None:
    with pytest.raises(CheckpointUnfit, match="no checkpoint yet"):
        newest_checkpoint(tmp_path, tmp_path, 0)
    (tmp_path / "ckpt_0").mkdir()
    for name in ("0-1_6.ckpt", "0-2_3.ckpt", "best.ckpt"):
        (tmp_path / "ckpt_0" / name).touch()
    assert newest_checkpoint(tmp_path, tmp_path, 0).name == newest_checkpoint(tmp_path, tmp_path, 1).name == "0-2_3.ckpt"
    assert newest_checkpoint(tmp_path, tmp_path / "ckpt_0" / "0-1_6.ckpt", 0).name == "0-1_6.ckpt"
