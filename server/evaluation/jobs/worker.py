"""The thread that runs a server's evaluations, one after the other."""

import logging
import shutil
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic, time

from models.model_errors import ClassifyError
from models.printable import printable
from server.errors import InternalError, NotFound
from server.evaluation.dataset.labelled_set import LabelledSet
from server.evaluation.evaluation_errors import EvaluationLost, EvaluationNotFound, RunBusy
from server.evaluation.jobs.evaluation_job import Job, JobState
from server.evaluation.jobs.job_store import JobStore
from server.evaluation.report.report import Report
from server.evaluation.run.records import PredictionLog, Record
from server.evaluation.run.run_description import describe_run
from server.evaluation.run.run_folder import RunFolder
from server.evaluation.run.runner import Run
from server.evaluation.run.window_share import WindowShare
from server.serving.registry import RegisteredModel
from server.serving.service import Service

logger = logging.getLogger(__name__)

TURN_S = 0.1
AGAIN_S = 5.0  # the pause before the next try to read the database


@dataclass(slots=True)
class _Current:
    """The running job, and its progress after its list is read."""

    job_id: str
    stop: threading.Event = field(default_factory=threading.Event)
    run: Run | None = None
    began_s: float = field(default_factory=monotonic)


class Worker:
    """Runs the oldest unfinished job, again and again. `open_set` reads a job's list, and its data set's name for the metrics.

    `lost` holds jobs whose end could not be stored, because the disk is full, with their error; they do not run again.
    """

    def __init__(self, store: JobStore, service: Service, runtime: str, open_set: Callable[[Job], tuple[LabelledSet, str]]) -> None:
        self._store = store
        self._service = service
        self._runtime = runtime
        self._open_set = open_set
        self._wake = threading.Event()
        self._closing = False
        self._current: _Current | None = None
        self.lost: dict[str, dict[str, str]] = {}
        self._thread = threading.Thread(target=self._work, name="evaluations", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Look for a job now."""
        self._wake.set()

    def close(self, longest_s: float) -> None:
        """Stop; the next start resumes the running job. A file or a report that takes longer is not waited for."""
        self._closing = True
        if current := self._current:
            current.stop.set()
        self._wake.set()
        self._thread.join(longest_s)
        if self._thread.is_alive():
            logger.warning("an evaluation does not stop within %.0f s; the next start goes on with it", longest_s)

    def stop(self, job_id: str) -> None:
        """Stop a job, if it is running."""
        if (current := self._current) and current.job_id == job_id:
            current.stop.set()

    def seen(self, job: Job) -> Job:
        """The present state of a job, also of a running or lost one."""
        if failure := self.lost.get(job.id):
            return job.model_copy(update={"state": JobState.FAILED, **failure})
        return job.model_copy(update=self.progress(job.id))

    def progress(self, job_id: str) -> dict[str, object]:
        """The changed fields of a running job; empty for another job."""
        current = self._current
        if current is None or current.run is None or current.job_id != job_id:
            return {}
        progress = current.run.progress
        pace = (progress.done - progress.begun) / max(monotonic() - current.began_s, 1e-6)
        found: dict[str, object] = {"done": progress.done, "failed": progress.failed, "labelled": progress.labelled}
        found["images_per_s"] = round(pace, 2)
        if progress.labelled:
            found |= {"top1": progress.top1 / progress.labelled, "topk": progress.topk / progress.labelled}
        return found

    def _work(self) -> None:
        self._service.loaded.wait()
        while not self._closing:
            self._wake.clear()
            try:
                job = next((job for job in self._store.unfinished() if job.id not in self.lost), None)
            except EvaluationLost as error:
                logger.error("the evaluations cannot be read: %s", error)  # noqa: TRY400 - the words say it all
                self._wake.wait(AGAIN_S)
                continue
            if job is None:
                self._wake.wait()
                continue
            try:
                model = self._service.models.get(job.request.model)
            except NotFound as error:  # it was queued while the model was served
                self._fail(job, error)
                continue
            self._run_measuring(job, model)

    def _run_measuring(self, job: Job, model: RegisteredModel) -> None:
        while not model.measuring.acquire(timeout=TURN_S):  # a reload
            if self._closing:
                return
        if self._service.models.find(model.name) is not model:  # it was unloaded
            model.measuring.release()
            return
        try:
            self._current = _Current(job.id)
            self._run_noted(job, model, self._current)
        finally:
            self._current = None
            model.measuring.release()
        self._measure(job.id)

    def _measure(self, job_id: str) -> None:
        """Count the files of a run; if it was removed while it ran, it may have made its folder again, and that goes, too."""
        self._service.disk_budget.measure(job_id)
        try:
            self._store.get(job_id)
        except EvaluationNotFound:
            shutil.rmtree(self._store.folder_of(job_id), ignore_errors=True)
            self._service.disk_budget.forget(job_id)
        except EvaluationLost as error:
            logger.warning("evaluation %s: %s", job_id, error)

    def _run_noted(self, job: Job, model: RegisteredModel, current: _Current) -> None:
        try:
            self._run(job, model, current)
        except RunBusy as error:  # by a former server, which is about to end
            logger.warning("evaluation %s: %s", job.id, error)
            self._wake.wait(AGAIN_S)
        except ClassifyError as error:
            self._fail(job, error)
        except Exception as error:
            logger.exception("evaluation %s failed", job.id)
            self._fail(job, InternalError(f"A fault of the server: {error!r}."))
        finally:
            self._service.metrics.evaluation_running.set(0)

    def _fail(self, job: Job, error: ClassifyError) -> None:
        reason = printable(str(error))  # it may quote a name that is not UTF-8, which the database refuses
        failure = {"error": reason, "code": error.code}
        try:
            if self._store.move(job.id, state=JobState.FAILED, ended_s=time(), **failure, **self.progress(job.id)):
                logger.warning("evaluation %s: %s", job.id, reason)
        except EvaluationLost as lost:
            logger.warning("evaluation %s: %s %s", job.id, reason, lost)
            self.lost[job.id] = failure

    def _run(self, job: Job, model: RegisteredModel, current: _Current) -> None:
        labelled, dataset = self._open_set(job)
        if not self._store.move(job.id, state=JobState.RUNNING, started_s=job.started_s or time(), total=len(labelled)):
            return  # another request has cancelled it
        folder = RunFolder(self._store.folder_of(job.id))
        folder.begin(describe_run(model.served, self._runtime, labelled, job.request))
        settings = self._service.settings

        def count(record: Record) -> None:
            model.metrics.evaluated(dataset, record.outcome)

        with PredictionLog(folder.log) as log:
            run = current.run = Run(
                labelled,
                log,
                model.engine,
                WindowShare(model.admission),
                timeout_s=settings.timeout_ms / 1000,
                max_image_bytes=settings.max_body_bytes,
                max_image_pixels=settings.max_image_pixels,
                top_k=job.request.top_k,
                on_record=count,
            )
            self._service.metrics.evaluation_running.set(1)
            logger.info("evaluation %s: %d images, %d of them done before", job.id, len(labelled), run.progress.begun)
            whole = run.run(current.stop)
        progress = self.progress(job.id)
        if whole:
            report = folder.finish(model.model.read_class_names())
            _show_accuracy(model, report, dataset)
            self._store.move(job.id, state=JobState.FINISHED, ended_s=time(), **progress)
            logger.info("evaluation %s: finished", job.id)
        else:
            self._store.move(job.id, **progress)


def _show_accuracy(model: RegisteredModel, report: Report, dataset: str) -> None:
    for name, share in report.accuracy.items():
        if share.value is not None:
            model.metrics.accuracy(dataset, name.removeprefix("top"), share.value)
