"""Wrote the torch_*.pth and *.safetensors files beside it, with torch 2.13.0+cpu and safetensors 0.8.0."""

from argparse import Namespace
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn

HERE = Path(__file__).parent


def network() -> nn.Module:
    """Each tensor counts eighths, modulo two, from its own number on."""
    model = nn.Sequential(nn.Conv2d(3, 4, 3, bias=False), nn.BatchNorm2d(4), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2))
    with torch.no_grad():
        for index, tensor in enumerate(model.state_dict().values()):
            tensor.copy_((torch.arange(tensor.numel()) % 16 / 8 + index).reshape(tensor.shape))
    return model


model = network()
torch.save(model.state_dict(), HERE / "torch_zip.pth")
torch.save(model.state_dict(), HERE / "torch_legacy.pth", _use_new_zipfile_serialization=False)
torch.save(dict(model.named_parameters()), HERE / "torch_parameters.pth")
save_file(model.state_dict(), HERE / "torch.safetensors")
half = network().bfloat16()
torch.save(half.state_dict(), HERE / "torch_bfloat16.pth")
save_file(half.state_dict(), HERE / "torch_bfloat16.safetensors")

parallel = nn.DataParallel(network())
optimizer = torch.optim.SGD(parallel.parameters(), lr=0.0, momentum=0.9)
schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 90)
statistics = {name: value.clone() for name, value in parallel.state_dict().items()}
parallel(torch.ones(2, 3, 8, 8)).sum().backward()
optimizer.step()
schedule.step()
parallel.load_state_dict(statistics)
training = {
    "model": parallel.state_dict(),
    "optimizer": optimizer.state_dict(),
    "lr_scheduler": schedule.state_dict(),
    "epoch": 3,
    "best": 0.5,
    "args": Namespace(lr=0.1, model="tiny"),
}
torch.save(training, HERE / "torch_training_zip.pth")
torch.save(training, HERE / "torch_training_legacy.pth", _use_new_zipfile_serialization=False)
