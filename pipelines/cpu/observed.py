"""The CPU runtime as an engine process opens it: the vendor's module, and what it tells of each image and each run of the model."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pipelines.cpu import CpuOptions, CpuStreamManager, MxDataInput

__all__ = ["MxDataInput", "Observed"]


class Observed:
    """A CpuStreamManager that keeps the seconds by stage of each image until they are asked for."""

    def __init__(self, options: Mapping[str, Any], on_batch: Callable[[int, int], None]) -> None:
        """`options` are those of CpuOptions; `on_batch(images, padding)` is called on the streams' threads."""
        self._stages_s: dict[tuple[str, int], Mapping[str, float]] = {}
        sdk_conf = options.get("sdk_conf")
        options = {**options, "sdk_conf": Path(sdk_conf) if sdk_conf else None}
        self.manager = CpuStreamManager(CpuOptions(on_frame=self._keep, on_batch=on_batch, **options))

    def _keep(self, stream: str, unique_id: int, stages_s: Mapping[str, float]) -> None:
        self._stages_s[stream, unique_id] = stages_s

    def take_stages(self, stream: str, unique_id: int) -> Mapping[str, float]:
        """The seconds by stage of an image whose result was fetched; once."""
        return self._stages_s.pop((stream, unique_id), {})
