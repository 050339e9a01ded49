import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest

from server.evaluation.evaluation_errors import EvaluationLost, EvaluationNotFound
from server.evaluation.jobs.evaluation_job import EvaluationRequest, Job, JobState
from server.evaluation.jobs.job_store import FolderLock, JobStore

REQUEST = EvaluationRequest(dataset="val", labels="val_label.txt", top_k=3, limit=10)

# A dump of the file that the version with peewee left.
WRITTEN_BY_PEEWEE = """
pragma journal_mode = wal;
CREATE TABLE "jobs" ("id" VARCHAR(255) NOT NULL PRIMARY KEY, "state" VARCHAR(255) NOT NULL, "created_s" REAL NOT NULL, "started_s" REAL,
  "ended_s" REAL, "total" INTEGER, "done" INTEGER NOT NULL, "images_per_s" REAL, "top1" REAL, "topk" REAL, "uploaded" INTEGER NOT NULL,
  "request" TEXT NOT NULL, "error" TEXT);
INSERT INTO "jobs" VALUES('aaaaaaaaaaaaaaaa','finished',1000.5,1001.0,1002.0,7,7,3.5,0.5,1.0,0,
  '{"dataset": "val", "labels": "val_label.txt", "top_k": 3, "limit": 7, "model": "m"}',NULL);
INSERT INTO "jobs" VALUES('bbbbbbbbbbbbbbbb','failed',2000.25,NULL,2001.0,NULL,0,NULL,NULL,NULL,1,
  '{"dataset": "val/gr\\u00f6\\u00dfe", "labels": null, "top_k": 5, "limit": null, "model": null}','it''s gone');
INSERT INTO "jobs" VALUES('cccccccccccccccc','running',3000.125,3001.0,NULL,20000,12,NULL,NULL,NULL,0,
  '{"dataset": "val", "labels": null, "top_k": 5, "limit": null, "model": null}',NULL);
CREATE INDEX "row_created_s" ON "jobs" ("created_s");
"""


def test_a_job_is_kept(tmp_path: Path) -> None:
    store = JobStore(tmp_path)
    job = store.add(REQUEST)
    assert (job.state, job.request, job.done, store.folder_of(job.id).is_dir()) == (JobState.QUEUED, REQUEST, 0, True)
    assert store.move(job.id, state=JobState.RUNNING, total=10)
    assert JobStore(tmp_path).get(job.id) == job.model_copy(update={"state": JobState.RUNNING, "total": 10})


def test_a_store_of_the_version_before_is_read_and_gone_on_with(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "jobs.sqlite")) as database:
        database.executescript(WRITTEN_BY_PEEWEE)
    store = JobStore(tmp_path)
    running, failed, finished = store.all()
    request = EvaluationRequest(dataset="val", labels="val_label.txt", top_k=3, limit=7, model="m")
    assert finished == Job(
        id="a" * 16, state=JobState.FINISHED, request=request, created_s=1000.5, started_s=1001.0, ended_s=1002.0, total=7, done=7,
        images_per_s=3.5, top1=0.5, topk=1.0,
    )  # fmt: skip
    assert (failed.request.dataset, failed.uploaded, failed.error, failed.code) == ("val/größe", True, "it's gone", None)
    assert store.unfinished() == [running]
    assert store.move(running.id, state=JobState.FINISHED, done=20000)
    assert store.requeue(failed.id)
    (tmp_path / "new").mkdir()
    added, fresh = store.add(REQUEST), JobStore(tmp_path / "new")
    assert {job.id: job.state.value for job in JobStore(tmp_path).all()} == {
        added.id: "queued", running.id: "finished", failed.id: "queued", finished.id: "finished"
    }  # fmt: skip
    assert indexes(tmp_path) == indexes(fresh.folder) == ["row_created_s"]


def indexes(folder: Path) -> list[str]:
    with closing(sqlite3.connect(folder / "jobs.sqlite")) as database:
        return [name for (name,) in database.execute("select name from sqlite_master where type = 'index' and sql is not null")]


def test_a_move_of_a_field_that_is_not_there_is_refused(tmp_path: Path) -> None:
    store = JobStore(tmp_path)
    with pytest.raises(EvaluationLost, match="no such column: colour"):
        store.move(store.add(REQUEST).id, colour="red")


def test_what_is_over_stays_so_until_it_is_queued_again(tmp_path: Path) -> None:
    store = JobStore(tmp_path)
    job_id = store.add(REQUEST).id
    assert store.move(job_id, state=JobState.CANCELLED, ended_s=1.0, error="why", code="not_found")
    assert not store.move(job_id, state=JobState.RUNNING)
    assert (store.get(job_id).state, store.unfinished()) == (JobState.CANCELLED, [])
    assert store.requeue(job_id)
    again = store.get(job_id)
    assert (again.state, again.error, again.code, again.ended_s) == (JobState.QUEUED, None, None, None)
    store.move(job_id, state=JobState.FINISHED)
    assert not store.requeue(job_id)
    store.remove(job_id)
    assert not store.move(job_id, done=1)


def test_one_server_has_the_folder(tmp_path: Path) -> None:
    lock = FolderLock(tmp_path)
    with pytest.raises(EvaluationLost, match="Another server"):
        FolderLock(tmp_path)
    lock.release()
    FolderLock(tmp_path).release()


def test_what_is_left_to_do_comes_in_its_order(tmp_path: Path) -> None:
    store = JobStore(tmp_path)
    first, second, third, fourth = (store.add(REQUEST).id for _ in range(4))
    store.move(first, state=JobState.FINISHED)
    store.move(third, state=JobState.RUNNING)
    assert [job.id for job in store.unfinished()] == [second, third, fourth]
    assert [job.id for job in store.all()] == [fourth, third, second, first]


def test_an_unknown_job(tmp_path: Path) -> None:
    with pytest.raises(EvaluationNotFound):
        JobStore(tmp_path).get("x' OR 1=1 --")


def test_threads_share_it(tmp_path: Path) -> None:
    store = JobStore(tmp_path)
    threads = [threading.Thread(target=lambda: [store.add(REQUEST) for _ in range(5)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(store.all()) == 20


def test_it_outlives_a_kill(tmp_path: Path) -> None:
    program = (
        "import os, pathlib, signal, sys\n"
        "from server.evaluation.jobs.job_store import *\n"
        "store = JobStore(pathlib.Path(sys.argv[1]))\n"
        "job = store.add(EvaluationRequest(dataset='val'))\n"
        "store.move(job.id, state=JobState.RUNNING)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    assert subprocess.run([sys.executable, "-c", program, tmp_path], check=False).returncode == -9
    assert [job.state for job in JobStore(tmp_path).all()] == [JobState.RUNNING]


def test_a_damaged_database(tmp_path: Path) -> None:
    (tmp_path / "jobs.sqlite").write_bytes(b"not a database" * 100)
    with pytest.raises(EvaluationLost, match=r"jobs.sqlite: file is not a database"):
        JobStore(tmp_path)


def test_a_folder_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EvaluationLost, match="EVALUATION_DIR"):
        JobStore(tmp_path / "file" / "below")
