"""The log of an evaluation's predictions: one line of JSON per image, appended one by one.

Each line is one write, so a killed process leaves at most its last line incomplete. A reader ignores that line, and
a writer first cuts it off. If an image occurs twice, its first line counts.
"""

import fcntl
import os
from collections.abc import Iterator, Mapping
from errno import EINVAL, ENOLCK, ENOSYS, ENOTSUP
from math import isfinite
from pathlib import Path
from types import TracebackType
from typing import Annotated, Protocol, Self

from pydantic import BaseModel, Field, ValidationError

from server.evaluation.evaluation_errors import EvaluationLost, RunBusy
from server.types import Prediction

OK = "ok"
SCORES_INVALID = "scores_invalid"  # the outcome of an answer without scores, with NaN or infinite scores, or with a repeated class

_MAX_LINE_BYTES = 64 * 1024
_MAX_INDEX = 2**31
_WITHOUT_LOCKS = {ENOLCK, ENOSYS, ENOTSUP}  # what some network file systems say: there a run goes on as it did before the lock
_LINES_TO_SYNC = 1000  # so many lines can be lost in a power failure; a killed process loses none

Index = Annotated[int, Field(ge=0, lt=_MAX_INDEX)]
Finite = Annotated[float, Field(allow_inf_nan=False)]


class Record(BaseModel, frozen=True):
    """The result of one image of the list: `outcome` is "ok" or an error's code.

    `index` counts the list from 0; `top` holds (class id, score), best first, as served. `elapsed_s` is the time from the start
    of its session to this answer; a resumed run has several sessions. `format` and the sizes are those of the file, empty and 0 if
    it was refused, or if the log was written before they were kept.
    """

    index: Index
    name: str
    label: Index | None
    outcome: str = OK
    top: tuple[tuple[Index, Finite], ...] = ()
    stages_ms: Mapping[str, Finite] = {}
    latency_ms: Finite = 0.0
    session: Index = 0
    elapsed_s: Finite = 0.0
    format: str = ""
    width_px: Index = 0
    height_px: Index = 0

    @property
    def ok(self) -> bool:
        """Whether the image has an answer."""
        return self.outcome == OK

    def answered(self, prediction: Prediction) -> Self:
        """The record with an answer; invalid scores make it a failure."""
        ids = {score.class_id for score in prediction.scores}
        if not ids or len(ids) < len(prediction.scores) or not all(isfinite(score.score) for score in prediction.scores):
            return self.model_copy(update={"outcome": SCORES_INVALID, "top": ()})
        stages_ms = {stage: round(seconds * 1000, 3) for stage, seconds in prediction.stages_s.items()}
        top = tuple((score.class_id, float(score.score)) for score in prediction.scores)
        return self.model_copy(update={"outcome": OK, "top": top, "stages_ms": stages_ms})

    def folded(self, fold: Mapping[int, int]) -> Self:
        """The record with the classes of groups counted as the first class of their group."""
        if not fold or not self.top:
            return self
        return self.model_copy(update={"top": tuple((fold.get(class_id, class_id), score) for class_id, score in self.top)})


class RecordLog(Protocol):
    """What a run needs of a log."""

    def append(self, record: Record) -> None:
        """Keep one record."""

    def read(self) -> Iterator[Record]:
        """The records of earlier sessions."""


class PredictionLog:
    """The log in one file, for one writer and any number of readers.

    The writer holds a lock on the file, from the begin of a `with` block if there is the file's folder, else from its first line on.
    The system releases it at every end of the process.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: int | None = None
        self._end_bytes = 0
        self._unsynced = 0

    def append(self, record: Record) -> None:
        """Write one record; raises EvaluationLost if that fails, and then the log does not change. Raises RunBusy if another writes."""
        line = record.model_dump_json().encode() + b"\n"
        try:
            if self._file is None:
                self._file = self._open()
            written = 0
            while written < len(line):
                written += os.pwrite(self._file, line[written:], self._end_bytes + written)
        except OSError as error:
            if self._file is not None:
                os.ftruncate(self._file, self._end_bytes)
            raise _unwritable(self.path, error) from error
        self._end_bytes += len(line)
        self._unsynced += 1
        if self._unsynced == _LINES_TO_SYNC:
            self.sync()

    def sync(self) -> None:
        """Flush everything to the disk; raises EvaluationLost."""
        if self._file is not None:
            try:
                os.fsync(self._file)
            except OSError as error:
                raise _unwritable(self.path, error) from error
        self._unsynced = 0

    def read(self) -> Iterator[Record]:
        """The records in the order of writing, each image once; a missing log is empty.

        Raises EvaluationLost if the file cannot be read, or is damaged before its end.
        """
        seen = bytearray()  # one bit per image, so that a long list needs little memory
        try:
            with self.path.open("rb") as file:
                for number, line in enumerate(iter(lambda: file.readline(_MAX_LINE_BYTES), b""), start=1):
                    if not line.endswith(b"\n") and len(line) < _MAX_LINE_BYTES:
                        return
                    record = _parse(line, self.path, number)
                    place, bit = record.index >> 3, 1 << (record.index & 7)
                    if place >= len(seen):
                        seen.extend(bytes(place + 1 - len(seen)))
                    if not seen[place] & bit:
                        seen[place] |= bit
                        yield record
        except FileNotFoundError:
            return
        except OSError as error:
            raise EvaluationLost(f"{self.path} cannot be read: {error.strerror}.") from error

    def close(self) -> None:
        """Flush everything to the disk and close the file; a later append opens it again."""
        if self._file is not None:
            try:
                self.sync()
            finally:
                os.close(self._file)
                self._file = None

    def __enter__(self) -> Self:
        """Raises EvaluationLost, and RunBusy if another process writes the log."""
        if self._file is None and self.path.parent.is_dir():
            try:
                self._file = self._open()
            except OSError as error:
                raise _unwritable(self.path, error) from error
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _open(self) -> int:
        """The file, locked, and open at the end of its last complete line."""
        file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            _lock(file, self.path)
            size_bytes = os.lseek(file, 0, os.SEEK_END)
            begin = max(0, size_bytes - _MAX_LINE_BYTES)
            tail = os.pread(file, _MAX_LINE_BYTES, begin)
            whole = tail.rfind(b"\n") + 1
            if begin and not whole:
                raise OSError(EINVAL, f"it ends with a line of more than {_MAX_LINE_BYTES} bytes")  # noqa: TRY301
            self._end_bytes = begin + whole
            os.ftruncate(file, self._end_bytes)
        except BaseException:
            os.close(file)
            raise
        return file


def _lock(file: int, path: Path) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise RunBusy(
            f"The evaluation {path.parent.name} cannot go on here: it runs in another process.",
            "Wait for its end, or end that process; then resume it.",
        ) from error
    except OSError as error:
        if error.errno not in _WITHOUT_LOCKS:
            raise


def _parse(line: bytes, path: Path, number: int) -> Record:
    try:
        return Record.model_validate_json(line)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the line"
        raise EvaluationLost(f"{path}, line {number} is damaged: {where}: {first['msg']}.", "Start a new evaluation.") from error


def _unwritable(path: Path, error: OSError) -> EvaluationLost:
    return EvaluationLost(f"{path} cannot be written: {error.strerror}.", "The earlier lines are safe: free some disk space, then resume.")
