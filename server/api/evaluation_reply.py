"""What the routes and the pages tell of an evaluation."""

from datetime import UTC, datetime

from server.api.schemas import EvaluationReply
from server.evaluation.jobs.evaluation_job import Job, JobState
from server.evaluation.report.intervals import Share
from server.evaluation.run.run_manifest import RunManifest


def evaluation_reply(job: Job, manifest: RunManifest | None, address: str) -> EvaluationReply:
    """The present state of an evaluation at this address; without a manifest it has not begun."""
    top1 = _top1(job, manifest)
    return EvaluationReply(
        **job.model_dump(include={"id", "state", "total", "done", "failed", "error", "code", "images_per_s", "top1", "topk"}),
        **job.request.model_dump(),
        labelled=top1.total if top1 else job.labelled,
        top1_interval=list(top1.interval) if top1 and top1.interval else None,
        created=datetime.fromtimestamp(job.created_s, UTC),
        started=_time(job.started_s),
        ended=_time(job.ended_s),
        links={name: f"{address}/{name}" for name in ("events", "report", "predictions")},
        left_s=round((job.total - job.done) / job.images_per_s, 1)
        if job.state is JobState.RUNNING and job.total and job.images_per_s
        else None,
        precision=manifest.precision or None if manifest else None,
        by="command line" if job.by_command_line else "server",
    )


def _top1(job: Job, manifest: RunManifest | None) -> Share | None:
    """The accuracy with its denominator, which evaluations of earlier versions tell in their manifest alone, and only at their end."""
    labelled = job.labelled
    if labelled is None and job.state is JobState.FINISHED and manifest:
        labelled = manifest.labelled
    return Share.of(round(job.top1 * labelled), labelled) if labelled and job.top1 is not None else None


def _time(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
