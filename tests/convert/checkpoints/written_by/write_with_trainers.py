"""Wrote lightning.ckpt and mmengine.pth beside it, with torch 2.13.0+cpu, pytorch-lightning 2.6.6 and mmengine 0.10.7.

Both hold the network of write_with_torch.py, wrapped as these trainers wrap it, after a training with a learning rate of zero.
"""

import argparse
from pathlib import Path

import mmengine
import numpy as np
import pytorch_lightning as lightning
import torch
from mmengine.logging import MessageHub
from torch import nn

HERE = Path(__file__).parent


def network() -> nn.Module:
    """Each tensor counts eighths, modulo two, from its own number on."""
    model = nn.Sequential(nn.Conv2d(3, 4, 3, bias=False), nn.BatchNorm2d(4), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2))
    with torch.no_grad():
        for index, tensor in enumerate(model.state_dict().values()):
            tensor.copy_((torch.arange(tensor.numel()) % 16 / 8 + index).reshape(tensor.shape))
    return model


class Module(lightning.LightningModule):  # type: ignore[misc]
    """As in Lightning's documentation, with hyper-parameters of several kinds."""

    def __init__(self, lr: float, folder: Path, args: argparse.Namespace) -> None:  # noqa: ARG002 the hyper-parameters read them
        super().__init__()
        self.save_hyperparameters()
        self.model = network().eval()

    def training_step(self, batch: list[torch.Tensor], _number: int) -> torch.Tensor:
        self.model.eval()
        loss = self.model(batch[0]).sum()
        self.log("loss", loss)
        return loss

    def configure_optimizers(self) -> dict[str, object]:
        optimizer = torch.optim.AdamW(self.parameters(), lr=self.hparams["lr"], weight_decay=0.0)
        return {"optimizer": optimizer, "lr_scheduler": torch.optim.lr_scheduler.MultiStepLR(optimizer, [30, 60])}


def write_lightning() -> None:
    """A Trainer's own checkpoint, with its optimiser, scheduler, callbacks and loops."""
    data = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(torch.ones(4, 3, 8, 8)), batch_size=2)
    callback = lightning.callbacks.ModelCheckpoint(monitor="loss", dirpath=Path("checkpoints"))
    trainer = lightning.Trainer(max_epochs=1, accelerator="cpu", logger=False, callbacks=[callback], enable_progress_bar=False)
    trainer.fit(Module(0.0, Path("out"), argparse.Namespace(gpus=[0])), data)
    trainer.save_checkpoint(HERE / "lightning.ckpt")


def write_mmengine() -> None:
    """What mmengine's Runner.save_checkpoint puts into a file."""
    hub = MessageHub.get_instance("run")
    for step in range(3):
        hub.update_scalar("train/loss", np.float32(step))
    hub.update_info("epoch", 1)
    wrapped = nn.Module()
    wrapped.backbone = network()
    optimizer = torch.optim.SGD(wrapped.parameters(), lr=0.1, momentum=0.9)
    checkpoint = {
        "meta": {"epoch": 1, "cfg": "model = dict(type='ImageClassifier')", "mmengine_version": mmengine.__version__},
        "state_dict": wrapped.state_dict(),
        "message_hub": hub.state_dict(),
        "optimizer": optimizer.state_dict(),
    }
    torch.save(checkpoint, HERE / "mmengine.pth")


write_lightning()
write_mmengine()
