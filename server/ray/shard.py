"""The part of an evaluation that one actor does: an engine of its own, and images in, records out. It knows nothing of Ray."""

import os
from array import array
from collections.abc import Iterator
from dataclasses import replace
from threading import Event
from typing import NamedTuple

from server.evaluation.dataset.labelled_set import LabelledSet
from server.evaluation.jobs.evaluation_job import EvaluationRequest
from server.evaluation.run.local_run import prepare_run
from server.evaluation.run.records import Record
from server.evaluation.run.run_description import describe_run
from server.evaluation.run.run_manifest import RunManifest
from server.serving.service_assembly import open_service
from server.settings import Settings


class ShardRow(NamedTuple):
    """One image of the list, by its place there; the names are those of the file system, which need not be UTF-8."""

    number: int
    name: bytes
    file: bytes
    label: int


def rows_of(labelled: LabelledSet, indices: list[int]) -> list[ShardRow]:
    """Images of a list."""
    return [ShardRow(i, os.fsencode(labelled.names[i]), os.fsencode(labelled.files[i]), labelled.labels[i]) for i in indices]


def without_rows(labelled: LabelledSet) -> LabelledSet:
    """The set without its list, which is long."""
    return replace(labelled, names=(), files=(), labels=array("i"))


class _Kept:
    """The records of one batch, in memory."""

    def __init__(self) -> None:
        self.records: list[Record] = []

    def append(self, record: Record) -> None:
        self.records.append(record)

    def read(self) -> Iterator[Record]:
        return iter(())


class Shard:
    """An engine that answers batch after batch, as an evaluation in one process does."""

    def __init__(self, settings: Settings, frame: LabelledSet, request: EvaluationRequest) -> None:
        """Start the engine of the default model; `frame` is the set without its list. Raises ClassifyError."""
        service, runtime = open_service(settings)
        model = service.models.default
        self._engine = model.engine
        self._engine.start()
        self._settings, self._frame, self._top_k = settings, frame, request.top_k
        self.manifest: RunManifest = describe_run(model.served, runtime, frame, request)

    def answer(self, rows: list[ShardRow]) -> list[Record]:
        """A record for each image, also for one that cannot be read or decoded; raises RunInvalid."""
        part = replace(
            self._frame,
            names=[os.fsdecode(row.name) for row in rows],
            files=[os.fsdecode(row.file) for row in rows],
            labels=array("i", (row.label for row in rows)),
        )
        kept = _Kept()
        prepare_run(self._settings, part, kept, self._engine, self._top_k).run(Event())
        return [record.model_copy(update={"index": rows[record.index].number}) for record in kept.records]

    def close(self) -> None:
        """End the engine."""
        self._engine.close(drain_s=0)
