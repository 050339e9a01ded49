"""The pages of evaluations: all of them with the form that starts one, one of them, and two side by side."""

import json
from itertools import islice
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from server.api.comparison_reply import ComparisonReply, comparison_reply
from server.api.evaluation_reply import evaluation_reply
from server.api.pages import page
from server.api.schemas import EvaluationReply
from server.api.turns import Turns
from server.errors import BadRequest
from server.evaluation.evaluation_errors import EvaluationError, EvaluationLost, RunInvalid
from server.evaluation.jobs.evaluation_job import Job, JobState
from server.evaluation.jobs.evaluations import Evaluations
from server.evaluation.report.report_page import as_pictures, words_of_page
from server.evaluation.report.report_words import in_line
from server.evaluation.report.run_comparison import Comparison, compare
from server.evaluation.report.thumbnails import named_thumbnails
from server.evaluation.run.run_course import RunCourse
from server.evaluation.run.run_folder import REPORT
from server.serving.service import Service
from server.web.languages import language_of

MAX_ROWS = 100
MAX_CLASSES_SHOWN = 30
_NAME = "evaluations"

Row = dict[str, Any]


class EvaluationPages:
    """Each method reads files, so it runs on a thread."""

    def __init__(self, evaluations: Evaluations, service: Service) -> None:
        self._evaluations = evaluations
        self._service = service
        self._path = f"{service.settings.root_path}/evaluate"
        self._seconds: dict[str, float | None] = {}  # a finished one does not change, so its report is read once
        self._comparing = Turns("Comparisons")  # two long logs and 60 pictures take seconds of a core

    def reply(self, job: Job) -> EvaluationReply:
        """What the routes tell of an evaluation."""
        return evaluation_reply(job, self._evaluations.manifest_of(job), f"{self._path}/{job.id}")

    def _row(self, job: Job) -> Row:
        """What the pages show of an evaluation."""
        manifest = self._evaluations.manifest_of(job)
        reply = evaluation_reply(job, manifest, f"{self._path}/{job.id}")
        return {
            **dict(reply),
            "model": manifest.model if manifest else reply.model or self._service.models.default.name,
            "duration_s": self._duration_s(job),
            "may_resume": job.state in (JobState.FAILED, JobState.CANCELLED),
            "may_remove": job.state.over and job.state is not JobState.UNFINISHED,
        }

    def all(self, request: Request) -> Response:
        """The evaluations, newest first, and the form that starts one."""
        rows = [self._row(job) for job in self._evaluations.all()[:MAX_ROWS]]
        models = [(model.name, model.served.precision) for model in self._service.models]
        sets = self._evaluations.sets()
        return page(request, _NAME, view="all", data={"sets": sets}, rows=rows, sets=sets, models=models, most=MAX_ROWS)

    def one(self, request: Request, job_id: str) -> Response:
        """One evaluation, its way so far, and the others that it may be compared with."""
        row = self._row(self._evaluations.get(job_id))
        course = self._course(job_id)
        points = [[point.done, point.top1.value, *(point.top1.interval or (None, None))] for point in course.points()] if course else []
        data = {"id": job_id, "points": points, "state": row["state"], "total": row["total"], "failed": row["failed"]}
        others = self._others(job_id) if row["state"] is JobState.FINISHED else []
        others.sort(key=lambda other: other["dataset"] != row["dataset"])  # a set is compared with itself, as a rule
        return page(request, _NAME, view="one", data=data, row=row, failed=course.failed if course else [], others=others)

    def _others(self, job_id: str) -> list[Row]:
        """The newest finished evaluations beside this one."""
        finished = (job for job in self._evaluations.all() if job.state is JobState.FINISHED and job.id != job_id)
        return [self._row(job) for job in islice(finished, MAX_ROWS)]

    def _course(self, job_id: str) -> RunCourse | None:
        try:
            return self._evaluations.course(job_id)
        except EvaluationLost:
            return None

    def comparison(self, a: str, b: str) -> ComparisonReply:
        """Two finished evaluations over their common images; raises EvaluationNotFound, NotFinished, BadRequest, Saturated."""
        with self._comparing.take():
            return comparison_reply(a, b, self._compared(a, b))

    def _compared(self, a: str, b: str) -> Comparison:
        for job_id in (a, b):
            self._evaluations.report(job_id)  # refuses one that is not finished
        try:
            return compare(*(self._evaluations.folder_of(job_id).comparable() for job_id in (a, b)))
        except RunInvalid as error:
            raise BadRequest(error.message, error.remedy) from error

    def compare(self, request: Request, a: str, b: str) -> Response:
        """The page of a comparison."""
        with self._comparing.take():
            found = self._compared(a, b)
            pictures = self._pictures(found, a, b)
        language = language_of(request.headers)
        fields = words_of_page("manifest", language)
        changed = [row for row in found.classes if row.right_a != row.right_b]
        return page(
            request,
            _NAME,
            view="comparison",
            found=found,
            rows=[self._row(self._evaluations.get(job_id)) for job_id in (a, b)],
            changed=changed[:MAX_CLASSES_SHOWN],
            changed_classes=len(changed),
            pictures=pictures,
            differences=[(fields[name], *(in_line(each, language) for each in both)) for name, both in found.manifest_differences.items()],
        )

    def _pictures(self, found: Comparison, a: str, b: str) -> dict[str, str]:
        """Thumbnails of the flipped images, by name, from the list of the one or the other evaluation."""
        settings = self._service.settings
        images = self._evaluations.pictures(a) or self._evaluations.pictures(b)
        wanted = [image.name for image in found.flipped]
        return as_pictures(named_thumbnails(wanted, images, settings.max_body_bytes, settings.max_image_pixels)) if images else {}

    def _duration_s(self, job: Job) -> float | None:
        """How long an evaluation took; the manifest of the command line has whole seconds, so its pace is more exact."""
        if job.by_command_line:
            return job.done / job.images_per_s if job.images_per_s else None
        measured_s = self._measured_s(job) if job.state is JobState.FINISHED else None
        return measured_s or (job.ended_s - job.started_s if job.ended_s and job.started_s else None)

    def _measured_s(self, job: Job) -> float | None:
        """The seconds of all its sessions, without the pauses between them; None if its report does not tell."""
        if job.id not in self._seconds:
            try:
                content = json.loads((self._evaluations.folder_of(job.id).path / REPORT).read_bytes())
                self._seconds[job.id] = content["throughput"]["seconds"]
            except (EvaluationError, OSError, ValueError, KeyError, TypeError):
                return None
        return self._seconds[job.id]
