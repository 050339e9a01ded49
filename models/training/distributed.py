"""The device and the other processes: all that differs between Ascend, GPU and CPU.

Neither an Ascend nor a GPU was at hand: those branches follow MindSpore's documentation (r2.7 and the docstrings of 2.10)
and were never run. A CPU, alone or under msrun, was.
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


# On a CPU with AVX-512 the oneDNN of MindSpore 2.10 runs every convolution wider than 1x1 by its reference code: 64 images of
# 64x8x8 through a 3x3 take 500 ms, and 6 ms by the kernels of AVX2 (jit_uni_ncsp:conv+ref:any against x64:gemm:jit).
CPU_KERNELS = ("ONEDNN_MAX_CPU_ISA", "AVX2")


@dataclass(frozen=True)
class Device:
    """Where this process computes, and which of how many processes it is."""

    target: str
    rank: int = 0
    ranks: int = 1

    def total(self, counts: list[int]) -> list[int]:
        """The sums of counts over all processes."""
        if self.ranks == 1:
            return counts
        # float32 is exact up to 2**24, above any count of images here, and the type every backend can reduce.
        return [round(total) for total in ops.AllReduce()(Tensor(counts, ms.float32)).asnumpy().tolist()]


def open_device(config: Config) -> Device:
    """Choose the device, graph mode and, if `run_distribute`, join the other processes. Raises DeviceUnavailable.

    To be called before any tensor exists: mindspore.communication.init asks for it. Under msrun MindSpore negotiates the
    device of each process if none is named (docstring of mindspore.set_device); with a rank table name it by `device_id`.
    """
    if config.device_target == "CPU":
        os.putenv(*CPU_KERNELS)  # oneDNN asks at its first operator
    try:
        if config.device_id >= 0 and config.device_target != "CPU":
            ms.set_device(config.device_target, config.device_id)
        elif ms.get_context("device_target") != config.device_target:  # it can be set once, and not after the first operator
            ms.set_device(config.device_target)
        # Whole graphs are compiled and run; the operators of a data sink exist in graph mode only.
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
            "Is this MindSpore built for it, and, if distributed, was it started by msrun, mpirun or with a rank table?",
        ) from None
    # Every process has the whole network and a part of the data (tutorial "Data Parallel"); Gradients averages.
    ms.set_auto_parallel_context(parallel_mode=ms.ParallelMode.DATA_PARALLEL, gradients_mean=True, device_num=ranks)
    return Device(config.device_target, rank, ranks)


def leave(device: Device) -> None:
    """Part from the other processes; without this msrun's scheduler takes a process that has ended for one that has died."""
    if device.ranks > 1:
        communication.release()


def sinks(config: Config) -> bool:
    """Whether the data reach the device through its own queue: mindspore.data_sink supports Ascend and GPU."""
    return config.dataset_sink_mode and config.device_target != "CPU" and config.accumulate_steps == 1


def sunk_losses(step: nn.Cell, dataset: object, steps: int) -> Iterator[Tensor]:
    """The losses of `steps` steps over a MindSpore dataset that the device feeds itself (tutorial "Data Sinking")."""
    run: Callable[[], Tensor] = ms.data_sink(step, dataset, sink_size=1)
    return (run() for _ in islice(iter(int, 1), steps))
