"""Wrote the mindspore_* files beside it, with MindSpore 2.10.0 on a CPU."""

from pathlib import Path

import mindspore
import numpy as np
from mindspore import Parameter, Tensor, nn

HERE = Path(__file__).parent


class Network(nn.Cell):  # type: ignore[misc]  # the class is unknown where MindSpore is not installed
    """Each parameter counts eighths, modulo two, from its own number on."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.bn = nn.BatchNorm2d(4)
        self.fc = nn.Dense(4, 2)
        for index, parameter in enumerate(self.get_parameters()):
            value = np.arange(parameter.size, dtype=np.float32) % 16 / 8 + index
            parameter.set_data(Tensor(value.reshape(parameter.shape)))


network = Network()
mindspore.save_checkpoint(network, str(HERE / "mindspore.ckpt"))
mindspore.save_checkpoint(network, str(HERE / "mindspore_crc.ckpt"), crc_check=True)
mindspore.save_checkpoint(network, str(HERE / "mindspore_encrypted.ckpt"), enc_key=b"0" * 16)
mindspore.save_checkpoint(network, str(HERE / "mindspore.safetensors"), format="safetensors")

rates = nn.cosine_decay_lr(0.0, 0.1, 4, 2, 1)
step = nn.TrainOneStepCell(nn.WithLossCell(network, nn.MSELoss()), nn.Momentum(network.trainable_params(), rates, 0.9))
step.insert_param_to_cell("scale_sense", Parameter(Tensor(1024.0, mindspore.float32), name="scale_sense"))
mindspore.save_checkpoint(step, str(HERE / "mindspore_training.ckpt"), append_dict={"epoch_num": 3, "step_num": 12, "note": "text"})
mindspore.save_checkpoint(step, str(HERE / "mindspore_training.safetensors"), format="safetensors", append_dict={"epoch_num": 3})
