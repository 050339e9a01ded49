"""The vendor's module name for the CPU runtime.

ASCEND_CLASSIFY_STRICT=1 turns on the vendor's dangerous behaviour, for tests; "race" too, and two sends at once on one stream raise.
"""

import os
from pathlib import Path

from pipelines.cpu import CpuOptions
from pipelines.cpu.stream_manager import CpuStreamManager
from pipelines.cpu.structs import (
    InProtobufVector,
    MetadataInputVector,
    MetadataOutputVector,
    MxBufferAndMetadataOutput,
    MxBufferInput,
    MxBufferOutput,
    MxDataInput,
    MxDataOutput,
    MxMetadataInput,
    MxMetadataOutput,
    MxProtobufIn,
    MxProtobufOut,
    OutProtobufVector,
    RoiBox,
    RoiBoxVector,
    StringVector,
)


class StreamManagerApi(CpuStreamManager):
    """The vendor's entry point; like the vendor's, it takes no arguments."""

    def __init__(self) -> None:
        strict = os.environ.get("ASCEND_CLASSIFY_STRICT")
        super().__init__(CpuOptions(strict=strict in ("1", "race"), race=strict == "race", sdk_conf=_sdk_conf()))


def _sdk_conf() -> Path | None:
    """Find the vendor's configuration file in the vendor's order: ./config/sdk.conf, then $MX_SDK_HOME/config/sdk.conf."""
    folders = [Path(), Path(os.environ["MX_SDK_HOME"])] if "MX_SDK_HOME" in os.environ else [Path()]
    return next((path for folder in folders if (path := folder / "config" / "sdk.conf").is_file()), None)


__all__ = [
    "InProtobufVector",
    "MetadataInputVector",
    "MetadataOutputVector",
    "MxBufferAndMetadataOutput",
    "MxBufferInput",
    "MxBufferOutput",
    "MxDataInput",
    "MxDataOutput",
    "MxMetadataInput",
    "MxMetadataOutput",
    "MxProtobufIn",
    "MxProtobufOut",
    "OutProtobufVector",
    "RoiBox",
    "RoiBoxVector",
    "StreamManagerApi",
    "StringVector",
]
