"""The CPU runtime as an engine process opens it: the vendor's module, and what it tells of each image and each run of the model."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pipelines.cpu import CpuOptions, CpuStreamManager, MxDataInput

__all__ = ["MxDataInput", "open_observed"]


def open_observed(
    options: Mapping[str, Any], on_frame: Callable[[str, int, Mapping[str, float]], None], on_batch: Callable[[int, int], None]
) -> CpuStreamManager:
    """A manager with these options of CpuOptions, in JSON's types; it calls `on_frame(stream, id, seconds by stage)` and `on_batch`."""
    sdk_conf = options.get("sdk_conf")
    return CpuStreamManager(
        CpuOptions(on_frame=on_frame, on_batch=on_batch, **{**options, "sdk_conf": Path(sdk_conf) if sdk_conf else None})
    )
