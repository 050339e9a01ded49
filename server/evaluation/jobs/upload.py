"""An archive while it arrives: a file without a name beside the evaluations, which the system removes however the process ends."""

from pathlib import Path
from tempfile import TemporaryFile
from types import TracebackType
from typing import Self

from server.evaluation.evaluation_errors import EvaluationLost
from server.serving.disk_budget import DiskBudget

UPLOADING = ".uploading-"
"""Where the file system has no files without names, it has this one for a moment."""


class Upload:
    """The bytes so far, counted against the budget of the disk until the end of the block."""

    def __init__(self, folder: Path, job_id: str, disk: DiskBudget) -> None:
        """Raises EvaluationLost if no file can be made."""
        self.job_id = job_id
        self.bytes = 0
        self._name = f"{UPLOADING}{job_id}"
        self._disk = disk
        try:
            self.file = TemporaryFile(dir=folder, prefix=self._name)  # noqa: SIM115 - the block of this object closes it
        except OSError as error:
            raise _lost(error) from error

    def write(self, data: bytes) -> None:
        """Append; raises Saturated above the budget, EvaluationLost when the disk is full."""
        self._disk.hold(self._name, self.bytes + len(data))
        self.bytes += len(data)
        try:
            self.file.write(data)
            self.file.flush()
        except OSError as error:
            raise _lost(error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            self.file.close()
        finally:
            self._disk.forget(self._name)


def _lost(error: OSError) -> EvaluationLost:
    return EvaluationLost(f"The upload cannot be stored: {error.strerror}.", "Make sure that the disk of EVALUATION_DIR has free space.")
