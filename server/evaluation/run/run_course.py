"""The course of a run: how its accuracy has become what it is, and which images had no answer. It is read from the log, which may grow."""

import threading
from typing import NamedTuple, Self

from pydantic import ValidationError

from server.evaluation.dataset.class_groups import fold_of
from server.evaluation.report.accuracy import MAX_EXAMPLES, FailedImage
from server.evaluation.report.intervals import Share
from server.evaluation.run.records import Record
from server.evaluation.run.run_folder import RunFolder

MAX_POINTS = 200


class Point(NamedTuple):
    """The counts after `done` images."""

    done: int
    labelled: int
    right: int

    @property
    def top1(self) -> Share:
        """The accuracy of the images so far; a failure is wrong."""
        return Share.of(self.right, self.labelled)


class RunCourse:
    """Each look reads only what the log has got since the last one, so a long run costs its length once."""

    def __init__(self, folder: RunFolder) -> None:
        """Raises EvaluationLost if the run has not begun."""
        self._log = folder.log
        self._fold = fold_of(folder.manifest().groups)
        self._lock = threading.Lock()
        self._read_bytes = 0
        self._points: list[Point] = []
        self._step = 1  # images from point to point; it doubles when there are too many points
        self.now = Point(0, 0, 0)
        self.failures = 0
        self.failed: list[FailedImage] = []
        """The first ones, at most 50."""

    def look(self) -> Self:
        """Read on, to the last complete line."""
        with self._lock:
            if self._log.exists():
                self._read_on()
        return self

    def points(self) -> list[Point]:
        """Evenly spread over the images so far, at most about 200; the last one is now."""
        ends = self._points and self._points[-1].done == self.now.done
        return self._points if ends or not self.now.done else [*self._points, self.now]

    def _read_on(self) -> None:
        with self._log.open("rb") as file:
            file.seek(self._read_bytes)
            for line in file:
                try:
                    record = Record.model_validate_json(line)
                except ValidationError:  # a line that is still written, or damaged: the report says so
                    return
                self._read_bytes += len(line)
                self._add(record.folded(self._fold))

    def _add(self, record: Record) -> None:
        done, labelled, right = self.now
        known = record.label is not None
        self.now = Point(done + 1, labelled + known, right + (known and record.ok and record.top[0][0] == record.label))
        if not record.ok:
            self.failures += 1
            if len(self.failed) < MAX_EXAMPLES:
                self.failed.append(FailedImage(index=record.index, name=record.name, outcome=record.outcome))
        if self.now.done % self._step == 0:
            self._points.append(self.now)
        if len(self._points) > MAX_POINTS:
            self._points, self._step = self._points[1::2], self._step * 2
