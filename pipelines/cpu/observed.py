"""The CPU runtime for an engine process: the vendor's module, with observers of each image and of each run of the model."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pipelines.cpu import CpuOptions, CpuStreamManager, MxDataInput
from pipelines.cpu.exif_turns import turns_pictures

__all__ = ["MxDataInput", "open_observed", "turns_pictures"]


def open_observed(
    options: Mapping[str, Any],
    on_frame: Callable[[str, int, Mapping[str, float]], None],
    on_batch: Callable[[int, int], None],
    on_result: Callable[[str, int], None] | None = None,
) -> CpuStreamManager:
    """Make a manager with these options of CpuOptions, in JSON types, and with these observers."""
    paths = {name: Path(path) if (path := options.get(name)) else None for name in ("sdk_conf", "compile_cache")}
    options = {**options, **paths}
    return CpuStreamManager(CpuOptions(on_frame=on_frame, on_batch=on_batch, on_result=on_result, **options))
