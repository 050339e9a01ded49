"""The worker without a server; kills, drains and full disks are tried on real ones in test_evaluations.py."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from models.store import ModelStore
from server.cli.flags import load_settings
from server.evaluation.dataset.labelled_set import LabelledSet
from server.evaluation.dataset.root_files import RootFiles
from server.evaluation.dataset.set_opening import open_labelled_set
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
    assert "nobody thought of that" in str(wait_over(store, broken).error)
    found = wait_over(store, whole)
    assert (found.state, found.done, found.top1) == (JobState.FINISHED, 100, made.correct / 100)
    assert RunFolder(store.folder_of(whole.id)).report().accuracy["top16"].total == 100
    later = store.add(EvaluationRequest(dataset="val", limit=3))
    worker.wake()
    assert wait_over(store, later).done == 3
    worker.close(30)
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
