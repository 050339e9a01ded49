"""The vendor's stream engine, on a CPU: the same pipeline file behind the same StreamManagerApi.

Importing this package loads only the options. With the vendor's SDK the other modules are not used and their libraries are not installed.
"""

from typing import TYPE_CHECKING, Any

from pipelines.cpu.runtime_options import CpuOptions

if TYPE_CHECKING:
    from pipelines.cpu.stream_manager import CpuStreamManager
    from pipelines.cpu.structs import MxDataInput, MxDataOutput

__all__ = ["CpuOptions", "CpuStreamManager", "MxDataInput", "MxDataOutput"]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - a module's attributes are of any type
    from importlib import import_module

    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module("pipelines.cpu.stream_manager" if name == "CpuStreamManager" else "pipelines.cpu.structs"), name)
