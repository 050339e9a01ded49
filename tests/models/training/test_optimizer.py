"""Momentum, and which parameters decay."""

import mindspore as ms
import numpy as np
import pytest

from models.resnext import Architecture, ResNeXt
from models.training.optimizer import create_optimizer, decays
from models.training.training_config import load_config


def test_batch_normalisation_and_biases_do_not_decay() -> None:
    network = ResNeXt(Architecture((1,), cardinality=1, base_width=4, planes=(64,), stem_width=8), 3)
    assert {p.name.rsplit(".", 1)[1] for p in network.trainable_params() if not decays(p)} == {"gamma", "beta", "bias"}
    assert {p.name.rsplit(".", 1)[1] for p in network.trainable_params() if decays(p)} == {"weight"}


def test_two_steps_by_hand() -> None:
    """v = 0.9 v + (g + decay w), w = w - rate v (Sutskever et al. 2013, in the form of torch.optim.SGD)."""
    network = ms.nn.Dense(1, 1)
    network.update_parameters_name("fc.")
    network.weight.set_data(ms.Tensor([[2.0]], ms.float32))
    network.bias.set_data(ms.Tensor([1.0], ms.float32))
    config = load_config(None, {"momentum": "0.9", "weight_decay": "0.5"})
    optimizer = create_optimizer(network, config, np.array([0.1, 0.01], np.float32))
    for _ in range(2):
        optimizer((ms.Tensor([[1.0]], ms.float32), ms.Tensor([1.0], ms.float32)))
    weight = 2 - 0.1 * 2.0  # g + decay w = 1 + 0.5 * 2
    weight -= 0.01 * (0.9 * 2.0 + 1 + 0.5 * weight)
    bias = 1 - 0.1 * 1.0 - 0.01 * 1.9
    assert network.weight.asnumpy().item() == pytest.approx(weight, abs=1e-6)
    assert network.bias.asnumpy().item() == pytest.approx(bias, abs=1e-6)
