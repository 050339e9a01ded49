"""The optimizer: momentum, with weight decay for some parameters."""

import numpy as np
from mindspore import Parameter, Tensor, nn

from models.training.training_config import Config


def decays(parameter: Parameter) -> bool:
    """Whether weight decay applies: to convolutions and the head, not to batch normalisation and biases (arXiv:1812.01187, 3.1)."""
    return str(parameter.name).endswith(".weight")


def create_optimizer(network: nn.Cell, config: Config, rates: np.ndarray) -> nn.Momentum:
    """Momentum over the trainable parameters; `rates` float32 [steps] holds the learning rate of every step."""
    parameters = network.trainable_params()
    groups = [
        {"params": [p for p in parameters if decays(p)], "weight_decay": config.weight_decay},
        {"params": [p for p in parameters if not decays(p)], "weight_decay": 0.0},
        {"order_params": parameters},
    ]
    return nn.Momentum(groups, learning_rate=Tensor(rates), momentum=config.momentum)
