"""The evaluations of a server: one runs, others wait in a bounded queue; the next start resumes those that a crash interrupted."""

import logging
import shutil
import threading
from collections.abc import Callable
from itertools import islice
from time import time

from pydantic import ValidationError

from server.errors import NotFound
from server.evaluation.dataset.archive import unpack
from server.evaluation.dataset.labelled_set import LabelledSet
from server.evaluation.dataset.root_files import RootFiles
from server.evaluation.dataset.roots import UPLOAD, Root, find_place
from server.evaluation.dataset.set_opening import open_labelled_set
from server.evaluation.evaluation_errors import (
    DatasetInvalid,
    EvaluationError,
    EvaluationLost,
    EvaluationNotFound,
    NotFinished,
)
from server.evaluation.jobs.command_line_runs import CommandLineRuns
from server.evaluation.jobs.evaluation_job import EvaluationRequest, Job, JobState
from server.evaluation.jobs.job_store import FILE, FolderLock, JobStore, new_id
from server.evaluation.jobs.left_evaluations import UNPACKING, remove_left
from server.evaluation.jobs.upload import Upload
from server.evaluation.jobs.waiting_places import WaitingPlaces
from server.evaluation.jobs.worker import Worker
from server.evaluation.report.report import Report
from server.evaluation.run.run_course import RunCourse
from server.evaluation.run.run_folder import RunFolder
from server.evaluation.run.run_manifest import RunManifest
from server.serving.service import Service

logger = logging.getLogger(__name__)

RECORD_BYTES = 1024
"""Of an image in the log and the report, until these are measured."""
_MOST_COURSES = 64
_MOST_FOLDERS = 100


class Evaluations:
    """The functions for the routes. The first evaluation creates the folder EVALUATION_DIR; nothing is written before."""

    def __init__(self, service: Service, runtime: str, roots: tuple[Root, ...]) -> None:
        self._service = service
        self._runtime = runtime
        self._roots = roots
        self._folder = service.settings.evaluation_dir
        self._command_line = CommandLineRuns(self._folder)
        self._courses: dict[str, RunCourse] = {}
        self._disk = service.disk_budget
        self._places = WaitingPlaces()
        self._opening = threading.Lock()
        self._adding = threading.Lock()
        self._opened: tuple[JobStore, Worker, FolderLock] | None = None

    def begin(self) -> None:
        """Resume the unfinished evaluations."""
        if (self._folder / FILE).exists():
            try:
                self._open()
            except EvaluationLost as error:
                logger.warning("no evaluations: %s", error)

    def close(self) -> None:
        """Stop; the next start resumes the running evaluation."""
        with self._opening:
            if self._opened:
                store, worker, lock = self._opened
                worker.close(self._service.settings.drain_s)
                store.close()
                lock.release()
                self._opened = None

    def _open(self) -> tuple[JobStore, Worker]:
        """The job store and the worker; raises EvaluationLost if the folder is not usable or another server uses it."""
        with self._opening:
            if self._opened is None:
                lock = FolderLock(self._folder)
                try:
                    store = JobStore(self._folder)
                    remove_left(store)
                    self._disk.measure_all()
                except BaseException:
                    lock.release()
                    raise
                self._opened = store, Worker(store, self._service, self._runtime, self._set_of), lock
            return self._opened[:2]

    def submit(self, request: EvaluationRequest, client: str) -> Job:
        """Queue an evaluation of a data set here; raises DatasetInvalid, DatasetNotFound, DatasetForbidden or EvaluationsFull."""
        self._check_room(client)
        labelled = self._read(request, self._roots)
        return self._add(request, client, len(labelled), new_id())

    def upload(self, declared_bytes: int, client: str) -> Upload:
        """Begin an upload; raises EvaluationsFull, EvaluationLost, or Saturated if it, and as much unpacked, does not fit on the disk."""
        self._check_room(client)
        self._disk.expect(2 * declared_bytes)
        return Upload(self._folder, new_id(), self._disk)

    def submit_upload(self, upload: Upload, request: EvaluationRequest, client: str) -> Job:
        """Unpack an archive and queue its evaluation; raises DatasetInvalid, ArchiveTooLarge, EvaluationsFull or Saturated."""
        store, _ = self._open()
        self._check_room(client)
        job_id = upload.job_id
        written_bytes = 0

        def hold(now_bytes: int) -> None:
            nonlocal written_bytes
            self._disk.hold(unpacked.name, now_bytes)
            written_bytes = now_bytes

        unpacked, folder = self._folder / f"{UNPACKING}{job_id}", store.folder_of(job_id)
        try:
            (unpacked / UPLOAD).mkdir(mode=0o750, parents=True)
            limit_bytes = self._service.settings.max_upload_bytes
            unpack(upload.file, upload.bytes, unpacked / UPLOAD, limit_bytes, hold)
            labelled = self._read(request, (Root(UPLOAD, (unpacked / UPLOAD).resolve()),))
            self._disk.forget(unpacked.name)
            return self._add(request, client, len(labelled), job_id, lambda: unpacked.rename(folder), written_bytes)
        except OSError as error:
            raise EvaluationLost(f"{unpacked} cannot be created: {error.strerror}.", "Make sure that its disk has free space.") from error
        finally:
            shutil.rmtree(unpacked, ignore_errors=True)
            self._disk.forget(unpacked.name)

    def _add(
        self,
        request: EvaluationRequest,
        client: str,
        total: int,
        job_id: str,
        place: Callable[[], object] | None = None,
        unpacked_bytes: int = 0,
    ) -> Job:
        store, worker = self._open()
        with self._adding:
            waiting = self._check_room(client)
            self._disk.hold(job_id, unpacked_bytes + RECORD_BYTES * total)
            try:
                if place:
                    place()
                job = store.add(request, job_id=job_id, uploaded=place is not None, total=total)
            except BaseException:
                shutil.rmtree(store.folder_of(job_id), ignore_errors=True)
                self._disk.forget(job_id)
                raise
            self._places.take(waiting, job_id, client)
        worker.wake()
        return job

    def _check_room(self, client: str) -> list[str]:
        waiting = [job.id for job in self._open()[0].unfinished() if job.state is JobState.QUEUED]
        self._places.check(waiting, client)
        return waiting

    def get(self, job_id: str) -> Job:
        """The present state of a job, or of a run of the command line; raises EvaluationNotFound."""
        store, worker = self._open()
        try:
            return worker.seen(store.get(job_id))
        except EvaluationNotFound:
            if found := self._command_line.find(job_id):
                return found
            raise

    def all(self) -> list[Job]:
        """The newest jobs, and runs of the command line, newest first."""
        store, worker = self._open()
        jobs = {job.id: worker.seen(job) for job in store.all()}
        return sorted([*jobs.values(), *self._command_line.newest(jobs)], key=lambda job: -job.created_s)

    def known(self) -> list[Job]:
        """The same, but where there was no evaluation yet nothing is created."""
        return self.all() if (self._folder / FILE).exists() else []

    def newest(self, most: int) -> list[Job]:
        """So many jobs, newest first; without the folder, which only an evaluation creates, there are none. Raises EvaluationLost."""
        if not (self._folder / FILE).exists():
            return []
        store, worker = self._open()
        return [worker.seen(job) for job in store.all(most)]

    def cancel(self, job_id: str) -> Job:
        """Cancel a job, or remove one that has ended, with its files; raises EvaluationNotFound, NotFinished."""
        store, worker = self._open()
        with self._adding:  # or it is queued again between the look and the removal
            job = self.get(job_id)
            if job.state is JobState.UNFINISHED:
                raise NotFinished(
                    "The evaluation is one of the command line, and may run there.",
                    f"Go on with evaluate --resume {job_id}, or delete its folder.",
                )
            if job.state.over:
                store.remove(job_id)
        if job.state.over:
            worker.lost.pop(job_id, None)
            shutil.rmtree(store.folder_of(job_id), ignore_errors=True)
            self._disk.forget(job_id)
            self._courses.pop(job_id, None)
            return job
        store.move(job_id, state=JobState.CANCELLED, ended_s=time(), **worker.progress(job_id))
        worker.stop(job_id)
        return self.get(job_id)

    def resume(self, job_id: str, client: str) -> Job:
        """Queue a failed or cancelled job again; it continues where it stopped. Other jobs do not change.

        Raises EvaluationNotFound or EvaluationsFull.
        """
        store, worker = self._open()
        if self.get(job_id).state in (JobState.FAILED, JobState.CANCELLED):
            with self._adding:
                waiting = self._check_room(client)
                store.requeue(job_id)
                self._places.take(waiting, job_id, client)
                worker.lost.pop(job_id, None)
            worker.wake()
        return self.get(job_id)

    def folder_of(self, job_id: str) -> RunFolder:
        """The files of a job; raises EvaluationNotFound."""
        return RunFolder(self._folder / self.get(job_id).id)

    def manifest_of(self, job: Job) -> RunManifest | None:
        """The manifest of a job; nothing before its begin, or if it is damaged."""
        try:
            return RunFolder(self._folder / job.id).manifest()
        except (EvaluationLost, ValidationError):
            return None

    def course(self, job_id: str) -> RunCourse:
        """How a run has come as far as it is; raises EvaluationNotFound, and EvaluationLost before its begin."""
        folder = self.folder_of(job_id)
        if (course := self._courses.get(job_id)) is None:
            course = self._courses[job_id] = RunCourse(folder)
            for oldest in list(self._courses)[:-_MOST_COURSES]:
                self._courses.pop(oldest, None)
        return course.look()

    def sets(self) -> dict[str, list[str]]:
        """The roots, each with folders in it, as far as they can be read, at most 100."""
        return {root.name: _folders(root) for root in self._roots}

    def report(self, job_id: str) -> Report:
        """The full report; raises NotFinished."""
        if (job := self.get(job_id)).state is not JobState.FINISHED:
            raise NotFinished(f"The evaluation is {job.state}, so it has no report.", f"GET /evaluate/{job_id} shows its progress.")
        return self.folder_of(job_id).report()

    def pictures(self, job_id: str) -> LabelledSet | None:
        """The list of a job, if it has not changed since its evaluation and its model is still served."""
        try:
            labelled, _ = self._set_of(self.get(job_id))
            return labelled if labelled.sha256 == self.folder_of(job_id).manifest().list_sha256 else None
        except (EvaluationError, NotFound, ValidationError):
            return None

    def _set_of(self, job: Job) -> tuple[LabelledSet, str]:
        """The list of a job and the name of its root; raises DatasetInvalid, DatasetNotFound or DatasetForbidden."""
        if not job.uploaded:
            return self._read(job.request, self._roots), job.request.dataset.partition("/")[0]
        return self._read(job.request, (Root(UPLOAD, (self._folder / job.id / UPLOAD).resolve()),)), UPLOAD

    def _read(self, request: EvaluationRequest, roots: tuple[Root, ...]) -> LabelledSet:
        place = find_place(roots, request.dataset, request.labels)
        try:
            class_names = self._service.models.get(request.model).model.read_class_names()
            return open_labelled_set(place.contents, place.labels, class_names, limit=request.limit, label_map=request.map)
        except DatasetInvalid as error:  # a client knows only the name of the data set and must not learn its path
            path = str(place.contents.path)
            root, _, below = f"{request.dataset}/".partition("/")
            field = f"dataset={below if root == UPLOAD else f'{root}/{below}'}"  # the form of an upload names a folder inside the archive
            remedy = error.remedy.replace(f"{path}/", field).replace(path, request.dataset)
            raise DatasetInvalid(error.message.replace(path, request.dataset), remedy) from error


def _folders(root: Root) -> list[str]:
    try:
        entries = islice(RootFiles(root.path).entries("."), 10 * _MOST_FOLDERS)
        return sorted(name for name, is_folder in entries if is_folder and not name.startswith("."))[:_MOST_FOLDERS]
    except OSError:  # who starts an evaluation of it is told
        return []
