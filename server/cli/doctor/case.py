"""The input of the checks: the machine, the settings, and the runtime."""

import sys
from dataclasses import dataclass
from pathlib import Path

from server.cli.doctor.machine import Machine
from server.engines.chips import NPU_SMI, Chip, ask_npu_smi, find_chips
from server.errors import EngineUnavailable
from server.settings import Settings
from server.types import Runtime

VENDOR_MODULE = "StreamManagerApi"


@dataclass(frozen=True)
class Case:
    """`nodes` are the chips' device numbers, `chips` their rows in npu-smi, `unknown` the reason if npu-smi gives none."""

    machine: Machine
    settings: Settings
    nodes: tuple[int, ...]
    runtime: Runtime
    chips: tuple[Chip, ...] = ()
    unknown: str = ""

    @property
    def ascend(self) -> bool:
        """Whether there are chips or the settings ask for them, so that they and the SDK must be checked."""
        return bool(self.nodes) or self.runtime == "ascend"

    @property
    def engine_python(self) -> Path:
        """The Python of the engine process: ENGINE_PYTHON, or the server's."""
        return self.settings.engine_python or Path(sys.executable)

    @property
    def devices(self) -> str:
        """DEVICES: auto, or numbers with commas between them."""
        return self.settings.devices


def open_case(machine: Machine, settings: Settings) -> Case:
    """Collect the facts about the machine."""
    nodes = find_chips(machine.path("/dev"))
    runtime: Runtime = "ascend" if nodes and vendor_module(machine) else "cpu"
    if settings.runtime != "auto":
        runtime = settings.runtime
    if not nodes:
        return Case(machine, settings, nodes, runtime)
    try:
        return Case(machine, settings, nodes, runtime, ask_npu_smi(npu_smi(machine)))
    except EngineUnavailable as error:
        return Case(machine, settings, nodes, runtime, unknown=error.message)


def npu_smi(machine: Machine) -> Path:
    """The driver's program: on the PATH, or at its usual place."""
    on_path = (f"{folder}/{NPU_SMI.name}" for folder in machine.folders("PATH"))
    return machine.path(next((program for program in on_path if machine.is_file(program)), NPU_SMI))


def vendor_module(machine: Machine) -> Path | None:
    """The SDK's Python module on PYTHONPATH, or None."""
    for folder in machine.folders("PYTHONPATH"):
        for name in (f"{VENDOR_MODULE}.py", f"{VENDOR_MODULE}.so", f"{VENDOR_MODULE}/__init__.py"):
            if machine.is_file(f"{folder}/{name}"):
                return Path(folder, name)
    return None
