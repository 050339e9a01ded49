"""Mixed precision: the parts of the network that compute in float16."""

from mindspore import Tensor, amp, nn
from mindspore import dtype as mstype

from models.training.training_config import Config


def in_precision(network: nn.Cell, config: Config) -> nn.Cell:
    """Apply `amp_level` to the network; parameters stay float32 and keep their names.

    O0: float32. O1: convolutions and matrix products in float16. O2: everything except batch normalisation. O3: everything
    (mindspore.amp.auto_mixed_precision). A CPU can do it too, but is not faster.
    """
    if config.amp_level == "O1":  # MindSpore's own function writes rewritten sources into the working directory
        _halve_products(network)
        return network
    return amp.auto_mixed_precision(network, config.amp_level)


def first_loss_scale(config: Config) -> float:
    """The first loss scale, constant unless it is dynamic; float32 needs none."""
    return 1.0 if config.amp_level == "O0" else config.loss_scale


class _Half(nn.Cell):
    """A cell that computes in float16 and returns float32."""

    def __init__(self, cell: nn.Cell) -> None:
        super().__init__(auto_prefix=False)
        self.cell = cell.to_float(mstype.float16)

    def construct(self, x: Tensor) -> Tensor:
        return self.cell(x).astype(mstype.float32)


def _halve_products(network: nn.Cell) -> None:
    for name, cell in list(network.name_cells().items()):
        if isinstance(cell, nn.Conv2d | nn.Dense):
            network._cells[name] = _Half(cell)  # noqa: SLF001 - as MindSpore's own amp does: the parameters keep their names
        else:
            _halve_products(cell)
    if isinstance(network, nn.SequentialCell):
        network.cell_list = list(network.cells())
