"""Stores the evaluations and their progress in SQLite, so that they survive a restart."""

import fcntl
import json
import secrets
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from time import time

from server.evaluation.evaluation_errors import EvaluationLost, EvaluationNotFound
from server.evaluation.jobs.evaluation_job import EvaluationRequest, Job, JobState

FILE, LOCK = "jobs.sqlite", "lock"
MAX_LISTED = 1000
_BUSY_S = 5.0  # for another thread's write
_TABLE = """
pragma journal_mode = wal;
create table if not exists jobs (
    id text not null primary key,
    state text not null,
    created_s real not null,
    started_s real,
    ended_s real,
    total integer,
    done integer not null,
    images_per_s real,
    top1 real,
    topk real,
    uploaded integer not null,
    request text not null,
    error text,
    labelled integer,
    failed integer,
    code text
);
create index if not exists row_created_s on jobs (created_s);
"""
_ADDED = {"labelled": "integer", "failed": "integer", "code": "text"}
"""Columns that the tables of earlier versions do not have."""
_TO_DO = tuple(state for state in JobState if not state.over)


class FolderLock:
    """Keeps a second server from running the same jobs; the system releases the lock at every end of the process."""

    def __init__(self, folder: Path) -> None:
        """Take the lock, and create the folder if it does not exist; raises EvaluationLost."""
        try:
            folder.mkdir(mode=0o750, parents=True, exist_ok=True)
            self._file = (folder / LOCK).open("ab")
        except OSError as error:
            raise EvaluationLost(f"{folder}: {error.strerror}.", "Set EVALUATION_DIR to a writable folder.") from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._file.close()
            raise EvaluationLost(
                f"Another server keeps its evaluations in {folder}.", "Give each server its own EVALUATION_DIR."
            ) from error

    def release(self) -> None:
        """Release the lock."""
        self._file.close()


class JobStore:
    """The jobs in one folder; each has its own folder for its log and its report."""

    def __init__(self, folder: Path) -> None:
        """Open the existing database, or create it; raises EvaluationLost."""
        self.folder = folder
        try:
            folder.mkdir(mode=0o750, parents=True, exist_ok=True)
        except OSError as error:
            raise EvaluationLost(f"{folder}: {error.strerror}.", "Set EVALUATION_DIR to a writable folder.") from error
        with self._connected() as database:
            database.executescript(_TABLE)
            columns = {row["name"] for row in database.execute("pragma table_info(jobs)")}
            for name, kind in _ADDED.items():
                if name not in columns:
                    database.execute(f"alter table jobs add column {name} {kind}")
            # An open connection keeps the files of the write-ahead log, so jobs can be read even if the disk is full.
            self._keeper = sqlite3.connect(folder / FILE, check_same_thread=False)
            self._keeper.execute("select count(*) from jobs").fetchone()

    def close(self) -> None:
        """Close the database."""
        self._keeper.close()

    def add(self, request: EvaluationRequest, *, job_id: str | None = None, uploaded: bool = False, total: int | None = None) -> Job:
        """Add a new job to the queue; raises EvaluationLost."""
        job = Job(id=job_id or new_id(), state=JobState.QUEUED, request=request, uploaded=uploaded, created_s=time(), total=total)
        try:
            self.folder_of(job.id).mkdir(mode=0o750, exist_ok=True)
        except OSError as error:
            raise EvaluationLost(f"{self.folder_of(job.id)}: {error.strerror}.", "Make sure that its disk has free space.") from error
        asked = job.request.model_dump_json(exclude_defaults=True)  # so that an earlier version reads it, if it knows what was asked for
        row = job.model_dump(mode="json") | {"request": asked}
        with self._connected() as database:
            database.execute(f"insert into jobs ({', '.join(row)}) values ({', '.join(f':{name}' for name in row)})", row)  # noqa: S608 - our names
        return job

    def get(self, job_id: str) -> Job:
        """The job of that id; raises EvaluationNotFound."""
        with self._connected() as database:
            row = database.execute("select * from jobs where id = ?", (job_id,)).fetchone()
        if row is None:
            raise EvaluationNotFound(f"There is no evaluation {job_id[:40]!r}.", "GET /evaluate lists them.")
        return _job(row)

    def all(self, most: int = MAX_LISTED) -> list[Job]:
        """The newest jobs, newest first."""
        with self._connected() as database:
            return [_job(row) for row in database.execute("select * from jobs order by created_s desc limit ?", (most,))]

    def unfinished(self) -> list[Job]:
        """The jobs that have not ended, in the order of arrival."""
        query = f"select * from jobs where state in ({_marks(_TO_DO)}) order by created_s"  # noqa: S608 - question marks
        with self._connected() as database:
            return [_job(row) for row in database.execute(query, _TO_DO)]

    def move(self, job_id: str, **changes: object) -> bool:
        """Change some fields of a job that has not ended, in one step; returns False if it has ended or was removed."""
        return self._update(_TO_DO, job_id, changes)

    def requeue(self, job_id: str) -> bool:
        """Queue a job again that is not finished; returns False if it is finished or was removed."""
        again: dict[str, object] = {"state": JobState.QUEUED, "error": None, "code": None, "ended_s": None}
        return self._update([state for state in JobState if state is not JobState.FINISHED], job_id, again)

    def _update(self, states: Sequence[JobState], job_id: str, changes: dict[str, object]) -> bool:
        columns = ", ".join(f"{name} = ?" for name in changes)
        statement = f"update jobs set {columns} where id = ? and state in ({_marks(states)})"  # noqa: S608 - names of ours, question marks
        with self._connected() as database:
            return database.execute(statement, (*changes.values(), job_id, *states)).rowcount > 0

    def remove(self, job_id: str) -> None:
        """Forget a job."""
        with self._connected() as database:
            database.execute("delete from jobs where id = ?", (job_id,))

    def folder_of(self, job_id: str) -> Path:
        """The folder of the job's files."""
        return self.folder / job_id

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        """A connection of the call, which commits every statement; raises EvaluationLost when the database fails, as on a full disk."""
        try:
            with closing(sqlite3.connect(self.folder / FILE, timeout=_BUSY_S, isolation_level=None)) as database:
                database.row_factory = sqlite3.Row
                database.execute("pragma synchronous = full")
                yield database
        except sqlite3.Error as error:
            raise EvaluationLost(
                f"{self.folder / FILE}: {error}.", "Make sure that its disk has free space and the file is not damaged."
            ) from error


def new_id() -> str:
    """An id that is impossible to guess."""
    return secrets.token_hex(8)


def _marks(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))


def _job(row: sqlite3.Row) -> Job:
    return Job.model_validate(dict(row) | {"request": json.loads(row["request"])})
