"""Evaluations without a server and without an engine: what a failed or interrupted submission leaves, and removals beside a resume."""

import threading
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pytest

from server.cli.flags import load_settings
from server.evaluation.dataset.roots import Root
from server.evaluation.evaluation_errors import EvaluationLost, EvaluationNotFound
from server.evaluation.jobs.evaluation_job import EvaluationRequest, Job, JobState
from server.evaluation.jobs.evaluations import Evaluations
from server.evaluation.jobs.job_store import JobStore
from server.serving.service_assembly import open_service
from tests.level_model import level_png, store_level_model
from tests.server.evaluation.level_sets import make_level_set


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Evaluations]:
    """Those of a service whose engine is not ready, so that all wait."""
    made = make_level_set(tmp_path / "val", 10)
    store_level_model(tmp_path / "store")
    service, _ = open_service(load_settings(model_store=tmp_path / "store", model="level", evaluation_dir=tmp_path / "kept"))
    evaluations = Evaluations(service, "cpu", (Root("val", made.folder),))
    yield evaluations
    service.loaded.set()
    evaluations.close()


def upload(evaluations: Evaluations) -> Job:
    packed = BytesIO()
    with ZipFile(packed, "w") as archive:
        archive.writestr("val_label.txt", "a.png 0")
        archive.writestr("a.png", level_png(0))
    with evaluations.upload(0, "a") as arriving:
        arriving.write(packed.getvalue())
        return evaluations.submit_upload(arriving, EvaluationRequest(dataset="upload"), "a")


def test_an_evaluation_that_cannot_be_stored_leaves_no_set(here: Evaluations, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise EvaluationLost("The disk is full.")

    kept = upload(here)
    monkeypatch.setattr(JobStore, "add", fail)
    with pytest.raises(EvaluationLost):
        upload(here)
    assert [folder.name for folder in (tmp_path / "kept").iterdir() if folder.is_dir()] == [kept.id]


def test_a_start_removes_sets_that_no_evaluation_has(here: Evaluations, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    one, other = upload(here), upload(here)
    here.close()
    left, of_the_command_line = "0123456789abcdef", "fedcba9876543210"
    for name in (left, of_the_command_line, "mine", "0123456789ABCDEF"):
        (kept / name / "upload").mkdir(parents=True)
    (kept / of_the_command_line / "manifest.json").touch()
    (kept / "aaaaaaaaaaaaaaaa").mkdir()  # the command line may be about to write its manifest
    (kept / one.id / "manifest.json").touch()
    before = {folder.name for folder in kept.iterdir() if folder.is_dir()}
    here.begin()
    assert before - {folder.name for folder in kept.iterdir() if folder.is_dir()} == {left}
    assert here.get(other.id).state is JobState.QUEUED


def test_what_is_queued_again_meanwhile_is_not_removed(here: Evaluations, monkeypatch: pytest.MonkeyPatch) -> None:
    job = here.submit(EvaluationRequest(dataset="val"), "a")
    assert here.cancel(job.id).state is JobState.CANCELLED
    states: list[str] = []

    def resume() -> None:
        with pytest.raises(EvaluationNotFound):
            here.resume(job.id, "a")
        states.append("gone")

    def remove(store: JobStore, job_id: str) -> None:
        resuming.start()
        resuming.join(0.2)
        states.append(store.get(job_id).state)
        removed(store, job_id)

    resuming, removed = threading.Thread(target=resume), JobStore.remove
    monkeypatch.setattr(JobStore, "remove", remove)
    here.cancel(job.id)
    resuming.join()
    assert states == ["cancelled", "gone"]
