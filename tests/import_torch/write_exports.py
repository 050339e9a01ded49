"""Writes networks of timm as torch exports them to ONNX, and what they answer: `python write_exports.py FOLDER NETWORKS`.

Runs in the environment of requirements.txt. For each network a folder of its name holds `net.onnx`, its weights in `net.onnx.data`
(torch's default), `image.npy` (float32 [N, 3, 224, 224], normalised) and `logits.npy` (float32 [N, 1000], torch's).
"""

import sys
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from torch import nn
from write_networks import IMAGES, TRAINED_ON, define_operators  # type: ignore[import-not-found] # it lies beside this program

# Whether the batch stays free. With ConvNeXt's ONNX's own inference of shapes loses the count of the rows.
EXPORTS = {"mobilenetv3_small_100": False, "convnext_atto": True, "vit_tiny_patch16_224": False}


def settle(network: nn.Module) -> None:
    """Logits of order one: statistics of a pass for the batch normalisations, a head of ordinary size."""
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = None
    network.train()
    network(torch.randn(TRAINED_ON, 3, 224, 224))
    network.eval()
    network.get_classifier().weight.normal_(0, 0.05)


def write(folder: Path, network: nn.Module, *, free: bool) -> None:
    folder.mkdir()
    image = torch.randn(IMAGES, 3, 224, 224)
    batch = ({0: torch.export.Dim("batch", min=1)},) if free else None
    torch.onnx.export(network, (image[:2] if free else image[:1],), folder / "net.onnx", dynamic_shapes=batch, verbose=False)
    np.save(folder / "image.npy", image.numpy())
    np.save(folder / "logits.npy", network(image).numpy())


def main(folder: Path, networks: int) -> None:
    define_operators()
    import timm

    with torch.no_grad():
        for seed, (name, free) in enumerate(islice(EXPORTS.items(), networks)):
            torch.manual_seed(seed)
            network = timm.create_model(name, pretrained=False)
            settle(network)
            write(folder / f"timm_{name}", network, free=free)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
