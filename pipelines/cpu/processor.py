"""The processor of this machine, and the precisions in which OpenVINO infers on it."""

import platform
from functools import cache
from pathlib import Path

from models.artifact_precision import Precision

BF16 = "BF16"
_FLOAT = ("FP32", "FP16", BF16, "INT8")


def processor_name(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """The processor's name, as the system tells it."""
    try:
        lines = cpuinfo.read_text("utf-8").splitlines()
    except OSError:
        lines = []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.processor() or "unknown")


@cache
def capabilities() -> tuple[str, ...]:
    """The precisions that OpenVINO finds in the processor itself, in its own words; others it only imitates, slowly."""
    from pipelines.cpu.quiet_openvino import ov

    found: list[str] = ov.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    return tuple(word for word in found if word in _FLOAT)


def lack(precision: Precision) -> str:
    """What the processor lacks for a precision, as a sentence without its full stop; empty if it can have it."""
    if precision != "bf16" or BF16 in capabilities():
        return ""
    return f"{processor_name()} has no instructions for bfloat16 (it has {', '.join(capabilities())})"
