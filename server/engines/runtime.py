"""The runtime of a pipeline: the vendor's SDK or this project's CPU runtime, both with the interface StreamManagerApi."""

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from pipelines.cpu.runtime_options import CpuOptions
from server.errors import EngineUnavailable
from server.types import Runtime

INSTALL = f"{sys.executable} -m pip install 'ascend-classify[cpu]'"
"""What installs the CPU runtime where the server is installed."""


class StreamManager(Protocol):
    """The calls of StreamManagerApi that the stream engine uses; names and texts are the vendor's."""

    def InitManager(self) -> int: ...  # noqa: N802, D102
    def CreateMultipleStreams(self, pipeline: bytes, /) -> int: ...  # noqa: N802, D102
    def SendDataWithUniqueId(self, stream: bytes, plugin: int, data: Any, /) -> int: ...  # noqa: N802, D102, ANN401
    def GetResultWithUniqueId(self, stream: bytes, unique_id: int, timeout_ms: int, /) -> Any: ...  # noqa: N802, D102, ANN401
    def SendData(self, stream: bytes, plugin: int, data: Any, /) -> int: ...  # noqa: N802, D102, ANN401
    def GetResult(self, stream: bytes, sink: bytes, keys: Any, timeout_ms: int, /) -> Any: ...  # noqa: N802, D102, ANN401
    def DestroyAllStreams(self) -> int: ...  # noqa: N802, D102
    def StopStream(self, stream: bytes, /) -> int: ...  # noqa: N802, D102


def detect_runtime(devices: Path = Path("/dev")) -> Runtime:
    """`ascend` if the SDK's Python module and a chip's device node exist, else `cpu`."""
    chips = any(devices.glob("davinci[0-9]*"))
    return "ascend" if chips and importlib.util.find_spec("StreamManagerApi") else "cpu"


def open_stream_manager(runtime: Runtime, options: CpuOptions) -> tuple[StreamManager, Callable[[], Any]]:
    """A stream manager and the constructor of its input struct; raises EngineUnavailable. `options` are for the CPU runtime."""
    if runtime == "cpu":
        try:
            from pipelines.cpu import CpuStreamManager, MxDataInput
        except ImportError as error:
            raise EngineUnavailable(f"The CPU runtime is not installed: {error}.", f"Install the extra: {INSTALL}") from error
        return CpuStreamManager(options), MxDataInput
    try:
        import StreamManagerApi as vendor  # type: ignore[import-not-found] # noqa: N813
    except ImportError as error:
        raise EngineUnavailable(
            f"The MindX SDK's Python module cannot be imported: {error}.",
            "Source the SDK's set_env.sh, or serve on the CPU with RUNTIME=cpu.",
        ) from error
    return vendor.StreamManagerApi(), vendor.MxDataInput
