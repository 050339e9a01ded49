"""Writes networks of torchvision and timm with random weights, and what they answer: `python write_networks.py FOLDER NETWORKS`.

Runs in the environment of requirements.txt, which has nothing of this project. For each network a folder of its name holds its
checkpoints, `image.npy` (float32 [N, 3, 224, 224], normalised) and `logits.npy` (float32 [N, 1000], torch's).
"""

import importlib.util
import sys
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch import nn

IMAGES = 4
TRAINED_ON = 2  # images of the pass that gives the batch normalisations their statistics
# The batch normalisation that ends a residual branch; larger, the network's 33 blocks would double the variance as often.
BRANCH_END = ("bn3",)


def define_operators() -> None:
    """Make torchvision importable where its compiled operators cannot be loaded: the wheel of PyPI is one for CUDA.

    It asks for these two by name while it is imported; no classification network calls them.
    """
    spec = importlib.util.find_spec("torchvision")
    assert spec is not None
    assert spec.origin is not None
    try:
        torch.ops.load_library(str(Path(spec.origin).with_name("_C.so")))
    except OSError:
        operators = torch.library.Library("torchvision", "DEF")
        for name in ("nms", "qnms"):
            operators.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        KEPT.append(operators)


KEPT: list[object] = []  # a library takes its operators along when it goes


def torchvision_32x4d() -> nn.Module:
    from torchvision.models.resnet import Bottleneck, ResNet

    return ResNet(Bottleneck, [3, 4, 23, 3], groups=32, width_per_group=4)


def torchvision_32x8d() -> nn.Module:
    from torchvision.models import resnext101_32x8d

    return resnext101_32x8d()


def timm_32x4d() -> nn.Module:
    import timm

    return timm.create_model("resnext101_32x4d", pretrained=False)


NETWORKS: dict[str, Callable[[], nn.Module]] = {
    "torchvision_resnext101_32x4d": torchvision_32x4d,
    "torchvision_resnext101_32x8d": torchvision_32x8d,
    "timm_resnext101_32x4d": timm_32x4d,
}


def randomise(network: nn.Module) -> None:
    """Weights that leave the logits of order ten, and batch normalisations of which each of the four parts is told from 0 and 1."""
    for name, module in network.named_modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight)
        elif isinstance(module, nn.BatchNorm2d):
            low, high = (0.1, 0.5) if name.endswith(BRANCH_END) else (0.5, 1.5)
            module.weight.uniform_(low, high)
            module.bias.normal_(0, 0.2)
            module.momentum = None  # the statistics of the one pass, not a tenth of them
    network.fc.weight.normal_(0, 0.05)
    network.fc.bias.normal_(0, 0.1)
    network.train()
    network(torch.randn(TRAINED_ON, 3, 224, 224))
    network.eval()


def write(folder: Path, network: nn.Module, *, all_formats: bool) -> None:
    folder.mkdir()
    state = network.state_dict()
    torch.save(state, folder / "zip.pth")
    if all_formats:
        torch.save(state, folder / "legacy.pth", _use_new_zipfile_serialization=False)
        save_file(state, folder / "weights.safetensors")
    image = torch.randn(IMAGES, 3, 224, 224)
    np.save(folder / "image.npy", image.numpy())
    np.save(folder / "logits.npy", network(image).numpy())


def main(folder: Path, networks: int) -> None:
    define_operators()
    with torch.no_grad():
        for seed, (name, make) in enumerate(islice(NETWORKS.items(), networks)):
            torch.manual_seed(seed)
            network = make()
            randomise(network)
            write(folder / name, network, all_formats=seed == 0)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
