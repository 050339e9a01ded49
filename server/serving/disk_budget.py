"""Limits what evaluations have on the disk together: uploads that arrive, unpacked sets, and the runs that are kept."""

import os
import shutil
import threading
from pathlib import Path

from server.errors import Saturated
from server.telemetry.metrics import Metrics

LEAST_FREE_BYTES = 64 * 1024 * 1024
"""What an upload leaves on the disk for the logs of evaluations that run."""
CHECK_BYTES = 4 * 1024 * 1024
"""After so much growth of uploads the disk itself is asked: other programs write to it, too."""
_REMEDY = "Remove evaluations that are over, DELETE /evaluate/{id}, or raise EVALUATION_DISK_BYTES."


class DiskBudget:
    """The bytes below one folder, by the name of what holds them. For several threads."""

    def __init__(self, folder: Path, limit_bytes: int, metrics: Metrics) -> None:
        self._folder = folder
        self.limit_bytes = limit_bytes
        self.held_bytes = 0
        self._held: dict[str, int] = {}
        self._unchecked_bytes = 0
        self._lock = threading.Lock()
        metrics.evaluation_disk_bytes.set_function(lambda: float(self.held_bytes))
        metrics.evaluation_disk_limit_bytes.set(limit_bytes)

    def expect(self, more_bytes: int) -> None:
        """Raise Saturated if so many bytes more cannot be stored; nothing is held for them."""
        if self.held_bytes + more_bytes > self.limit_bytes:
            raise self._refusal()
        self._require_free(more_bytes, more_bytes)

    def _require_free(self, more_bytes: int, upload_bytes: int) -> None:
        free_bytes = shutil.disk_usage(self._folder).free
        if more_bytes + LEAST_FREE_BYTES > free_bytes:
            raise Saturated(
                f"The disk of evaluations has {free_bytes} bytes left, too few for an upload of {upload_bytes}.",
                "Make room on it: remove evaluations that are over, DELETE /evaluate/{id}.",
            )

    def hold(self, name: str, total_bytes: int) -> None:
        """Hold so many bytes under a name, in place of what it held; raises Saturated if it grows above the limit.

        A name with a dot in front is an upload that is written now: Saturated also if it leaves the disk too little room.
        """
        with self._lock:
            grown_bytes = total_bytes - self._held.get(name, 0)
            if grown_bytes > 0 and self.held_bytes + grown_bytes > self.limit_bytes:
                raise self._refusal()
            if name.startswith("."):
                self._unchecked_bytes += max(grown_bytes, 0)
                if self._unchecked_bytes >= CHECK_BYTES:
                    self._require_free(max(grown_bytes, 0), total_bytes)
                    self._unchecked_bytes = 0
            self._set(name, total_bytes)

    def measure(self, name: str) -> None:
        """Hold what a folder has on the disk now, even above the limit: it is there."""
        total_bytes = _bytes_below(self._folder / name)
        with self._lock:
            self._set(name, total_bytes)

    def measure_all(self) -> None:
        """Measure every folder that an earlier server, or the command line, has left."""
        for entry in self._folder.iterdir():
            if entry.is_dir() and not entry.name.startswith("."):
                self.measure(entry.name)

    def forget(self, name: str) -> None:
        """Hold nothing under a name."""
        with self._lock:
            self._set(name, 0)

    def _set(self, name: str, total_bytes: int) -> None:
        self.held_bytes += total_bytes - self._held.pop(name, 0)
        if total_bytes:
            self._held[name] = total_bytes

    def _refusal(self) -> Saturated:
        return Saturated(f"Evaluations have {self.held_bytes} of {self.limit_bytes} bytes on the disk, and this would be more.", _REMEDY)


def _bytes_below(folder: Path) -> int:
    """What the files take on the disk; what is removed meanwhile takes nothing."""
    total_bytes = 0
    for parent, _, files in os.walk(folder):
        for file in files:
            try:
                total_bytes += 512 * (Path(parent) / file).lstat().st_blocks
            except OSError:
                continue
    return total_bytes
