"""The scores of all classes of every image of an evaluation, in one file next to its log.

One row per image, in the order of the list, one column per class: little-endian float32; NaN in rows without a prediction. The
file has its full size from the start, so that a run cannot fill the disk later. A row is written before its line in the log: a killed
process leaves no line without its row. A power failure may lose the last rows.
"""

import os
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import numpy.typing as npt

from models.whole_file import whole_file
from server.engines.all_scores import FLOAT32
from server.evaluation.evaluation_errors import EvaluationLost, RunInvalid
from server.types import Prediction

SCORES = "scores.f32"
MAX_BYTES = 4 * 1024**3

_NAN = b"\x00\x00\xc0\x7f"
_CHUNK = _NAN * (256 * 1024)
_ROWS_TO_SYNC = 1000


class ScoreFile:
    """The file, for one writer."""

    def __init__(self, folder: Path, images: int, classes: int) -> None:
        """Check the size; nothing is written yet. Raises RunInvalid if the file would be too large."""
        self.path = folder / SCORES
        self._classes = classes
        self._row_bytes = classes * FLOAT32.itemsize
        self._size_bytes = images * self._row_bytes
        self._file: int | None = None
        self._unsynced = 0
        if self._size_bytes > MAX_BYTES:
            raise RunInvalid(
                f"The scores of {images} images and {classes} classes are {self._size_bytes} bytes; at most {MAX_BYTES} are allowed.",
                f"Evaluate at most {MAX_BYTES // self._row_bytes} images (--limit), or leave out --scores.",
            )

    def open(self, *, goes_on: bool) -> None:
        """Create the file, or open it if the run has answers from before.

        Raises RunInvalid if the scores of those answers were not stored, EvaluationLost.
        """
        there = self.path.exists()
        if goes_on and not there:
            raise RunInvalid("The evaluation was begun without --scores.", "Resume it without --scores, or start a new one.")
        try:
            if not there:
                self._make()
            self._file = os.open(self.path, os.O_WRONLY | os.O_CLOEXEC)
            size_bytes = os.fstat(self._file).st_size
        except OSError as error:
            raise self._unwritable(error) from error
        if size_bytes != self._size_bytes:
            self.close()
            raise EvaluationLost(f"{self.path} has {size_bytes} bytes, not {self._size_bytes}.", "Start a new evaluation.")

    def _make(self) -> None:
        """Write the whole file with NaN; a crash leaves no file."""
        with whole_file(self.path) as unfinished, unfinished.open("wb") as file:
            for start in range(0, self._size_bytes, len(_CHUNK)):
                file.write(_CHUNK[: self._size_bytes - start])

    def keep(self, index: int, prediction: Prediction) -> None:
        """Write the row of an image; raises EvaluationLost, and RunInvalid if the engine does not give the scores of all classes."""
        row = prediction.all_scores
        if row is None or len(row) != self._row_bytes:
            raise RunInvalid(
                f"The engine {prediction.engine} does not give the scores of all {self._classes} classes.",
                "Start a new evaluation without --scores, or with another engine.",
            )
        if self._file is None:
            raise EvaluationLost(f"{self.path} is not open.")
        try:
            written = 0
            while written < len(row):
                written += os.pwrite(self._file, row[written:], index * self._row_bytes + written)
            self._unsynced += 1
            if self._unsynced == _ROWS_TO_SYNC:
                os.fsync(self._file)
                self._unsynced = 0
        except OSError as error:
            raise self._unwritable(error) from error

    def close(self) -> None:
        """Flush everything to the disk and close the file; raises EvaluationLost."""
        file, self._file = self._file, None
        if file is not None:
            try:
                os.fsync(file)
            except OSError as error:
                raise self._unwritable(error) from error
            finally:
                os.close(file)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _unwritable(self, error: OSError) -> EvaluationLost:
        return EvaluationLost(
            f"{self.path} cannot be written: {error.strerror}.", "The earlier scores are safe: free some disk space, then resume."
        )


def stored_scores(folder: Path, images: int, classes: int) -> Callable[[int], npt.NDArray[np.float32]] | None:
    """Reads the rows of a finished run, by the index of the image; None if it did not keep all scores, or if the file is damaged."""
    path = folder / SCORES
    if not images or not path.is_file() or path.stat().st_size != images * classes * FLOAT32.itemsize:
        return None
    table = np.memmap(path, FLOAT32, "r", shape=(images, classes))
    return lambda index: np.asarray(table[index], np.float32)
