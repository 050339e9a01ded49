"""The worker without a server; kills, drains and full disks are tried on real ones in test_evaluations.py."""

import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from models.store import ModelStore
from server.cli.flags import load_settings
from server.evaluation.dataset.labelled_set import LabelledSet
from server.evaluation.dataset.root_files import RootFiles
from server.evaluation.dataset.set_opening import open_labelled_set
from server.evaluation.evaluation_errors import DatasetInvalid, EvaluationNotFound
from server.evaluation.jobs.evaluation_job import EvaluationRequest, Job, JobState
from server.evaluation.jobs.job_store import JobStore
from server.evaluation.jobs.worker import Worker
from server.evaluation.run.run_folder import RunFolder
from server.serving.service import Service
from server.serving.service_assembly import open_service
from tests.level_model import store_level_model
from tests.server.evaluation.level_sets import LevelSet, make_level_set


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    store_level_model(tmp_path / "store")
    service, _ = open_service(load_settings(model_store=tmp_path / "store", model="level"))
    yield service
    service.models.default.engine.close(0)


@pytest.fixture
def made(tmp_path: Path) -> LevelSet:
    return make_level_set(tmp_path / "val", 100)


def worker_of(store: JobStore, service: Service, made: LevelSet) -> Worker:
    names = ModelStore(service.settings.model_store).open("level").read_class_names()

    def open_set(job: Job) -> tuple[LabelledSet, str]:
        if job.request.dataset == "broken":
            raise RuntimeError("nobody thought of that")
        if job.request.dataset == "gbk":
            raise DatasetInvalid("No class: \udcc0\udce0.")
        return open_labelled_set(RootFiles(made.folder), None, names, limit=job.request.limit), "val"

    return Worker(store, service, "cpu", open_set)


def wait_over(store: JobStore, job: Job) -> Job:
    deadline_s = time.monotonic() + 20
    while not (found := store.get(job.id)).state.over:
        assert time.monotonic() < deadline_s
        time.sleep(0.01)
    return found


def test_it_waits_for_the_engine_and_goes_on_after_a_fault(tmp_path: Path, service: Service, made: LevelSet) -> None:
    store = JobStore(tmp_path / "kept")
    broken, whole = store.add(EvaluationRequest(dataset="broken")), store.add(EvaluationRequest(dataset="val", top_k=16))
    worker = worker_of(store, service, made)
    time.sleep(0.1)
    assert store.get(broken.id).state is JobState.QUEUED
    service.begin()
    lost = wait_over(store, broken)
    assert ("nobody thought of that" in str(lost.error), lost.code) == (True, "internal_error")
    found = wait_over(store, whole)
    assert (found.state, found.done, found.top1) == (JobState.FINISHED, 100, made.correct / 100)
    assert RunFolder(store.folder_of(whole.id)).report().accuracy["top16"].total == 100
    later = store.add(EvaluationRequest(dataset="val", limit=3))
    worker.wake()
    assert wait_over(store, later).done == 3
    worker.close(30)
    store.close()


def test_a_name_that_is_no_utf8_ends_neither_the_thread_nor_the_reloads(tmp_path: Path, service: Service, made: LevelSet) -> None:
    store = JobStore(tmp_path / "kept")
    odd, whole = store.add(EvaluationRequest(dataset="gbk")), store.add(EvaluationRequest(dataset="val", limit=3))
    worker = worker_of(store, service, made)
    service.begin()
    assert (wait_over(store, odd).error, store.get(odd.id).code) == ("No class: \\udcc0\\udce0.", "bad_request")
    assert wait_over(store, whole).state is JobState.FINISHED
    assert service.models.default.measuring.acquire(timeout=20)
    service.models.default.measuring.release()
    worker.close(30)
    store.close()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_the_lock_of_a_model_is_released_whatever_happens(
    tmp_path: Path, service: Service, made: LevelSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing = threading.Event()

    def fail(*_: object) -> None:
        failing.set()
        raise RuntimeError("even that fails")

    store = JobStore(tmp_path / "kept")
    store.add(EvaluationRequest(dataset="broken"))
    monkeypatch.setattr(Worker, "_fail", fail)
    worker = worker_of(store, service, made)
    service.begin()
    assert failing.wait(20)
    worker.close(30)
    assert service.models.default.measuring.acquire(blocking=False)
    store.close()


def test_a_folder_that_is_removed_before_its_run_begins_does_not_come_back(tmp_path: Path, service: Service, made: LevelSet) -> None:
    store = JobStore(tmp_path / "kept")
    names = ModelStore(service.settings.model_store).open("level").read_class_names()
    job, later = store.add(EvaluationRequest(dataset="val")), store.add(EvaluationRequest(dataset="val", limit=3))

    class Removing(JobStore):
        def move(self, job_id: str, **changes: object) -> bool:
            moved = super().move(job_id, **changes)
            if job_id == job.id and changes.get("state") is JobState.RUNNING:
                self.remove(job_id)
                shutil.rmtree(self.folder_of(job_id))
            return moved

    worker = Worker(Removing(tmp_path / "kept"), service, "cpu", lambda _: (open_labelled_set(RootFiles(made.folder), None, names), "val"))
    service.begin()
    wait_over(store, later)
    worker.close(30)
    with pytest.raises(EvaluationNotFound):
        store.get(job.id)
    assert not store.folder_of(job.id).exists()
    store.close()


def test_what_was_cancelled_is_not_begun(tmp_path: Path, service: Service, made: LevelSet) -> None:
    store = JobStore(tmp_path / "kept")
    job = store.add(EvaluationRequest(dataset="val"))
    store.move(job.id, state=JobState.CANCELLED)
    worker = worker_of(store, service, made)
    service.begin()
    assert worker.seen(job) == job
    worker.close(30)
    store.close()
    assert not RunFolder(store.folder_of(job.id)).log.exists()
