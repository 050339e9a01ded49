"""The CPU runtime as an engine process opens it: the vendor's module, and what it tells of each image and each run of the model."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pipelines.cpu import CpuOptions, CpuStreamManager, MxDataInput

__all__ = ["MxDataInput", "open_observed"]


def open_observed(
    options: Mapping[str, Any],
    on_frame: Callable[[str, int, Mapping[str, float]], None],
    on_batch: Callable[[int, int], None],
    on_result: Callable[[str, int], None] | None = None,
) -> CpuStreamManager:
    """A manager with these options of CpuOptions, in JSON's types, and these observers of them."""
    sdk_conf = options.get("sdk_conf")
    options = {**options, "sdk_conf": Path(sdk_conf) if sdk_conf else None}
    return CpuStreamManager(CpuOptions(on_frame=on_frame, on_batch=on_batch, on_result=on_result, **options))
