"""The vendor's stream engine, on a CPU: the same pipeline file behind the same StreamManagerApi."""

from pipelines.host.options import HostOptions
from pipelines.host.stream_manager import StreamManagerApi
from pipelines.host.structs import MxDataInput, MxDataOutput

__all__ = ["HostOptions", "MxDataInput", "MxDataOutput", "StreamManagerApi"]
