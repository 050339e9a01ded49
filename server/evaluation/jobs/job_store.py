"""The evaluations and how far they are, in SQLite, so that they outlive the process."""

import fcntl
import json
import secrets
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import time
from typing import Any

from peewee import CharField, DatabaseError, FloatField, IntegerField, Model, SqliteDatabase, TextField

from server.evaluation.evaluation_errors import EvaluationLost, EvaluationNotFound
from server.evaluation.jobs.evaluation_job import EvaluationRequest, Job, JobState

FILE, LOCK = "jobs.sqlite", "lock"
MAX_LISTED = 1000
_PRAGMAS = {"journal_mode": "wal", "synchronous": "full", "busy_timeout": 5000}
_TO_DO = tuple(state for state in JobState if not state.over)


class FolderLock:
    """Keeps a second server from running the same jobs; the system gives it back when the process ends, however it does."""

    def __init__(self, folder: Path) -> None:
        """Take it, and make the folder if it is not there; raises EvaluationLost."""
        try:
            folder.mkdir(mode=0o750, parents=True, exist_ok=True)
            self._file = (folder / LOCK).open("ab")
        except OSError as error:
            raise EvaluationLost(f"{folder}: {error.strerror}.", "Set EVALUATION_DIR to a folder that can be written.") from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._file.close()
            raise EvaluationLost(f"Another server keeps its evaluations in {folder}.", "Give each an EVALUATION_DIR of its own.") from error

    def release(self) -> None:
        """Give it back."""
        self._file.close()


class JobStore:
    """The jobs below one folder, each with a folder of its own for its log and its report."""

    def __init__(self, folder: Path) -> None:
        """Opens what is there, or begins anew; raises EvaluationLost."""
        self.folder = folder
        self._database = SqliteDatabase(str(folder / FILE), pragmas=_PRAGMAS)
        self._rows = _rows(self._database)
        try:
            folder.mkdir(mode=0o750, parents=True, exist_ok=True)
        except OSError as error:
            raise EvaluationLost(f"{folder}: {error.strerror}.", "Set EVALUATION_DIR to a folder that can be written.") from error
        with self._connected():
            self._database.create_tables([self._rows])
            # While one connection is open the write-ahead log's files stay, so jobs can be read even when the disk has filled up.
            self._keeper = sqlite3.connect(folder / FILE, check_same_thread=False)
            self._keeper.execute("select count(*) from jobs").fetchone()

    def close(self) -> None:
        """Close the database."""
        self._keeper.close()

    def add(self, request: EvaluationRequest, *, job_id: str | None = None, uploaded: bool = False, total: int | None = None) -> Job:
        """A new job, queued; raises EvaluationLost."""
        job = Job(id=job_id or new_id(), state=JobState.QUEUED, request=request, uploaded=uploaded, created_s=time(), total=total)
        try:
            self.folder_of(job.id).mkdir(mode=0o750, exist_ok=True)
        except OSError as error:
            raise EvaluationLost(f"{self.folder_of(job.id)}: {error.strerror}.", "See that its disk has room.") from error
        with self._connected():
            self._rows.create(**_columns(job.model_dump(mode="json")))
        return job

    def get(self, job_id: str) -> Job:
        """The job of that id; raises EvaluationNotFound."""
        with self._connected():
            row = self._rows.get_or_none(self._rows.id == job_id)
        if row is None:
            raise EvaluationNotFound(f"There is no evaluation {job_id[:40]!r}.", "GET /evaluate lists them.")
        return _job(row)

    def all(self) -> list[Job]:
        """The newest jobs, newest first, at most 1000."""
        with self._connected():
            return [_job(row) for row in self._rows.select().order_by(self._rows.created_s.desc()).limit(MAX_LISTED)]

    def unfinished(self) -> list[Job]:
        """The jobs that still have to be run, in the order in which they came."""
        with self._connected():
            return [_job(row) for row in self._rows.select().where(self._rows.state.in_(_TO_DO)).order_by(self._rows.created_s)]

    def move(self, job_id: str, **changes: object) -> bool:
        """Change some fields of a job that is not over, in one step; False if it is, or is no more."""
        return self._update(_TO_DO, job_id, changes)

    def requeue(self, job_id: str) -> bool:
        """Queue a job again that is not finished; False if it is, or is no more."""
        again: dict[str, object] = {"state": JobState.QUEUED, "error": None, "ended_s": None}
        return self._update([state for state in JobState if state is not JobState.FINISHED], job_id, again)

    def _update(self, states: Sequence[JobState], job_id: str, changes: dict[str, object]) -> bool:
        with self._connected():
            return bool(self._rows.update(**changes).where(self._rows.id == job_id, self._rows.state.in_(states)).execute())

    def remove(self, job_id: str) -> None:
        """Forget a job."""
        with self._connected():
            self._rows.delete().where(self._rows.id == job_id).execute()

    def folder_of(self, job_id: str) -> Path:
        """Where the job's files are."""
        return self.folder / job_id

    @contextmanager
    def _connected(self) -> Iterator[None]:
        """A connection for the calling thread; raises EvaluationLost when the database fails, for example on a full disk."""
        try:
            with self._database.connection_context():
                yield
        except (DatabaseError, sqlite3.Error) as error:
            raise EvaluationLost(f"{self.folder / FILE}: {error}.", "See that its disk has room and the file is whole.") from error


def new_id() -> str:
    """An id that nobody guesses."""
    return secrets.token_hex(8)


def _rows(database: SqliteDatabase) -> Any:  # noqa: ANN401 - peewee's models are made of magic
    """The table, bound to one database."""

    class Row(Model):
        id = CharField(primary_key=True)
        state = CharField()
        created_s = FloatField(index=True)
        started_s = FloatField(null=True)
        ended_s = FloatField(null=True)
        total = IntegerField(null=True)
        done = IntegerField()
        images_per_s = FloatField(null=True)
        top1 = FloatField(null=True)
        topk = FloatField(null=True)
        uploaded = IntegerField()
        request = TextField()
        error = TextField(null=True)

        class Meta:
            table_name = "jobs"

    Row.bind(database)
    return Row


def _columns(fields: dict[str, Any]) -> dict[str, Any]:
    return fields | {"request": json.dumps(fields["request"])}


def _job(row: Any) -> Job:  # noqa: ANN401
    columns = {name: getattr(row, name) for name in Job.model_fields}
    return Job.model_validate(columns | {"request": json.loads(row.request)})
