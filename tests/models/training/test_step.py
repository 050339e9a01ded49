"""A step: what accumulation, loss scales and number formats change, and what they must not."""

import mindspore as ms
import numpy as np
import pytest

from models.resnext import Architecture, ResNeXt
from models.training.loss import SmoothedCrossEntropy
from models.training.optimizer import create_optimizer
from models.training.precision import first_loss_scale, in_precision
from models.training.step import SCALE_WINDOW, Gradients, TrainingStep
from models.training.training_config import load_config

TINY = Architecture((1,), cardinality=2, base_width=4, planes=(64,), stem_width=8)
RANDOM = np.random.default_rng(0)
IMAGE = RANDOM.standard_normal((4, 3, 32, 32)).astype(np.float32)
LABEL = np.array([0, 1, 2, 0], np.int32)


def step(network: ms.nn.Cell | None = None, **flags: str) -> TrainingStep:
    ms.set_context(mode=ms.GRAPH_MODE)
    config = load_config(None, {"lr": "0.05", **flags})
    if network is None:
        ms.set_seed(1)
        network = ResNeXt(TINY, 3)
    network.set_train()
    optimizer = create_optimizer(network, config, np.full(10, config.lr, np.float32))
    return TrainingStep(
        Gradients(in_precision(network, config), SmoothedCrossEntropy(0.1)),
        optimizer,
        scale=first_loss_scale(config),
        dynamic=config.is_dynamic_loss_scale,
        batches=config.accumulate_steps,
    )


def run(cell: ms.nn.Cell, image: np.ndarray = IMAGE, label: np.ndarray = LABEL) -> float:
    return float(cell(ms.Tensor(image), ms.Tensor(label)).asnumpy())


@pytest.mark.smoke
def test_the_loss_falls() -> None:
    cell = step()
    losses = [run(cell) for _ in range(5)]
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < losses[0] - 0.2


def test_a_fixed_loss_scale_changes_nothing_in_float32() -> None:
    plain, scaled = step(), step()
    scaled.scale.set_data(ms.Tensor(1024.0, ms.float32))
    assert [run(plain) for _ in range(3)] == pytest.approx([run(scaled) for _ in range(3)], abs=1e-5)


@pytest.mark.parametrize("level", ["O1", "O2", "O3"])
def test_half_precision_is_close_to_float32_and_keeps_the_names(level: str) -> None:
    plain, half = step(), step(amp_level=level)
    assert float(half.scale.asnumpy()) == 1024
    assert [p.name for p in half.gradients.weights] == [p.name for p in plain.gradients.weights]
    assert {p.dtype for p in half.gradients.weights} == {ms.float32}
    assert [run(plain) for _ in range(3)] == pytest.approx([run(half) for _ in range(3)], abs=0.02)


class Scores(ms.nn.Cell):
    """One weight, no batch normalisation: what accumulation does can be computed by hand."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = ms.nn.Dense(3, 3, weight_init="zeros", bias_init="zeros")

    def construct(self, image: ms.Tensor) -> ms.Tensor:
        return self.fc(image.mean((2, 3)))


def test_accumulated_halves_are_the_whole_batch() -> None:
    whole, halves = step(Scores()), step(Scores(), accumulate_steps="2")
    for _ in range(3):
        run(whole)
        run(halves.accumulate, IMAGE[:2], LABEL[:2])
        run(halves, IMAGE[2:], LABEL[2:])
    for one, other in zip(whole.gradients.weights, halves.gradients.weights, strict=True):
        np.testing.assert_allclose(one.asnumpy(), other.asnumpy(), atol=1e-6)
    assert int(halves.optimizer.global_step.asnumpy().item()) == 3


def test_a_dynamic_scale_halves_and_leaves_out_a_step_that_overflows() -> None:
    cell = step(Scores(), is_dynamic_loss_scale="true", amp_level="O2")
    before = cell.gradients.weights[0].asnumpy().copy()
    run(cell, np.full_like(IMAGE, np.inf))
    assert float(cell.scale.asnumpy()) == 512
    assert int(cell.optimizer.global_step.asnumpy().item()) == 0
    np.testing.assert_array_equal(cell.gradients.weights[0].asnumpy(), before)


def test_a_dynamic_scale_doubles_after_enough_good_steps() -> None:
    cell = step(Scores(), is_dynamic_loss_scale="true", amp_level="O2")
    cell.good_steps.set_data(ms.Tensor(SCALE_WINDOW - 1, ms.int32))
    run(cell)
    assert (float(cell.scale.asnumpy()), int(cell.good_steps.asnumpy())) == (2048, 0)
