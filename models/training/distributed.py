"""The device and the other processes: the only differences between Ascend, GPU and CPU.

The Ascend and GPU branches have never run, because neither device was available; they follow MindSpore's documentation (r2.7 and
the docstrings of 2.10). The CPU branch was tested, alone and under msrun.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

import mindspore as ms
from mindspore import Tensor, communication, nn, ops

from models.training.training_config import Config
from models.training.training_errors import DeviceUnavailable

# mindspore.communication.init: HCCL on Ascend, NCCL on GPU, MindSpore's own MCCL on CPU.
BACKENDS = {"Ascend": "hccl", "GPU": "nccl", "CPU": "mccl"}


# On a CPU with AVX-512, oneDNN in MindSpore 2.10 uses its reference code for every convolution larger than 1x1: 64 images of
# 64x8x8 through a 3x3 take 500 ms; with the AVX2 kernels 6 ms (jit_uni_ncsp:conv+ref:any against x64:gemm:jit).
CPU_KERNELS = ("ONEDNN_MAX_CPU_ISA", "AVX2")


@dataclass(frozen=True)
class Device:
    """The device of this process, its rank, and the number of processes."""

    target: str
    rank: int = 0
    ranks: int = 1

    def total(self, counts: list[int]) -> list[int]:
        """The sums of counts over all processes."""
        if self.ranks == 1:
            return counts
        # float32 is exact up to 2**24, more than any count of images here, and every backend can reduce it.
        return [round(total) for total in ops.AllReduce()(Tensor(counts, ms.float32)).asnumpy().tolist()]


def open_device(config: Config) -> Device:
    """Choose the device, graph mode and, if `run_distribute`, join the other processes. Raises DeviceUnavailable.

    Call this before any tensor exists: mindspore.communication.init requires it. Under msrun, MindSpore negotiates the
    device of each process if none is named (docstring of mindspore.set_device); with a rank table, name it by `device_id`.
    """
    if config.device_target == "CPU":
        os.putenv(*CPU_KERNELS)  # oneDNN reads it at its first operator
    try:
        if config.device_id >= 0 and config.device_target != "CPU":
            ms.set_device(config.device_target, config.device_id)
        elif ms.get_context("device_target") != config.device_target:  # only once, and only before the first operator
            ms.set_device(config.device_target)
        # Compile and run whole graphs; a data sink works only in graph mode.
        ms.set_context(mode=ms.GRAPH_MODE)
        ms.set_seed(config.seed)
        if not config.run_distribute:
            return Device(config.device_target)
        communication.init(BACKENDS[config.device_target])
        rank, ranks = communication.get_rank(), communication.get_group_size()
    except (RuntimeError, ValueError) as error:
        reason = str(error).strip().splitlines()[0]
        raise DeviceUnavailable(
            f"The device {config.device_target} cannot be used: {reason}",
            "Install a MindSpore for this device. Start a distributed training with msrun, mpirun or a rank table.",
        ) from None
    # Every process has the whole network and a part of the data (tutorial "Data Parallel"); Gradients averages.
    ms.set_auto_parallel_context(parallel_mode=ms.ParallelMode.DATA_PARALLEL, gradients_mean=True, device_num=ranks)
    return Device(config.device_target, rank, ranks)


def leave(device: Device) -> None:
    """Leave the group of processes. Without this, msrun's scheduler takes a finished process for a dead one."""
    if device.ranks > 1:
        communication.release()


def sinks(config: Config) -> bool:
    """Whether the data reach the device through its own queue: mindspore.data_sink supports Ascend and GPU."""
    return config.dataset_sink_mode and config.device_target != "CPU" and config.accumulate_steps == 1


def sunk_losses(step: nn.Cell, dataset: object, steps: int) -> Iterator[Tensor]:
    """The losses of `steps` steps over a MindSpore dataset that the device feeds itself (tutorial "Data Sinking")."""
    run: Callable[[], Tensor] = ms.data_sink(step, dataset, sink_size=1)
    return (run() for _ in islice(iter(int, 1), steps))
