"""Run by msrun or alone: writes the first step's loss and gradients of this process's part of a batch as FOLDER/<name>_<rank>.npz.

Arguments: folder, name, `alone:<first>:<last>` or `distributed`, `train` or `inference` for batch normalisation.
"""

import sys
from pathlib import Path

import mindspore as ms
import numpy as np

from models.resnext import ResNeXt, architecture
from models.training.distributed import open_device
from models.training.loss import SmoothedCrossEntropy
from models.training.step import Gradients
from models.training.training_config import load_config
from tests.models.training.made_network import settled

BATCH = 8


def main(folder: Path, name: str, part: str, mode: str) -> None:
    distributed = part == "distributed"
    device = open_device(load_config(None, {"run_distribute": str(distributed).lower()}))
    each = BATCH // device.ranks
    first, last = (device.rank * each, (device.rank + 1) * each) if distributed else map(int, part.split(":")[1:])
    random = np.random.default_rng(3)
    image, label = random.standard_normal((BATCH, 3, 32, 32), np.float32), random.integers(0, 10, BATCH).astype(np.int32)

    network = settled(ResNeXt(architecture("resnext_digits"), 10)).set_train(mode=mode == "train")
    gradients = Gradients(network, SmoothedCrossEntropy(0.1), device.ranks)
    loss, found = gradients(ms.Tensor(image[first:last]), ms.Tensor(label[first:last]), ms.Tensor(1.0, ms.float32))
    arrays = {weight.name: gradient.asnumpy() for weight, gradient in zip(gradients.weights, found, strict=True)}
    np.savez(folder / f"{name}_{device.rank}.npz", loss=loss.asnumpy(), counts=np.array(device.total([1, device.rank])), **arrays)


main(Path(sys.argv[1]), *sys.argv[2:])
