import subprocess
import sys
import threading
from pathlib import Path

import pytest

from server.evaluation.evaluation_errors import EvaluationLost, EvaluationNotFound
from server.evaluation.jobs.evaluation_job import EvaluationRequest, JobState
from server.evaluation.jobs.job_store import FolderLock, JobStore

REQUEST = EvaluationRequest(dataset="val", labels="val_label.txt", top_k=3, limit=10)


def test_a_job_is_kept(tmp_path: Path) -> None:
    store = JobStore(tmp_path)
    job = store.add(REQUEST)
    assert (job.state, job.request, job.done, store.folder_of(job.id).is_dir()) == (JobState.QUEUED, REQUEST, 0, True)
    assert store.move(job.id, state=JobState.RUNNING, total=10)
    assert JobStore(tmp_path).get(job.id) == job.model_copy(update={"state": JobState.RUNNING, "total": 10})


def test_what_is_over_stays_so_until_it_is_queued_again(tmp_path: Path) -> None:
    store = JobStore(tmp_path)
    job_id = store.add(REQUEST).id
    assert store.move(job_id, state=JobState.CANCELLED, ended_s=1.0, error="why")
    assert not store.move(job_id, state=JobState.RUNNING)
    assert (store.get(job_id).state, store.unfinished()) == (JobState.CANCELLED, [])
    assert store.requeue(job_id)
    assert (store.get(job_id).state, store.get(job_id).error, store.get(job_id).ended_s) == (JobState.QUEUED, None, None)
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
