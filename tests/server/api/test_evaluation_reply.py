"""What is told of an evaluation."""

import pytest

from server.api.evaluation_reply import evaluation_reply
from server.evaluation.jobs.evaluation_job import EvaluationRequest, Job, JobState
from server.evaluation.report.intervals import wilson_interval
from tests.server.evaluation.made_run import made_manifest


def job(**fields: object) -> Job:
    whole: dict[str, object] = {"id": "a" * 16, "state": JobState.RUNNING, "request": EvaluationRequest(dataset="val"), "created_s": 0.0}
    return Job.model_validate(whole | fields)


def test_a_running_one_has_an_interval_and_the_time_left() -> None:
    told = evaluation_reply(job(total=40, done=10, labelled=8, failed=1, top1=0.75, images_per_s=3.0), made_manifest(40), "/evaluate/1")
    assert (told.top1_interval, told.labelled, told.failed, told.left_s) == ([*wilson_interval(6, 8)], 8, 1, 10.0)
    assert told.links["report"] == "/evaluate/1/report"
    assert told.by == "server"


@pytest.mark.parametrize(("state", "labelled"), [(JobState.FINISHED, 40), (JobState.CANCELLED, None)])
def test_the_denominator_of_an_earlier_version_is_that_of_the_list_at_the_end_alone(state: JobState, labelled: int | None) -> None:
    told = evaluation_reply(job(state=state, total=40, done=40, top1=0.5), made_manifest(40), "")
    assert told.labelled == labelled
    assert told.top1_interval == ([*wilson_interval(20, 40)] if labelled else None)


def test_one_that_waits_has_no_figures() -> None:
    told = evaluation_reply(job(state=JobState.QUEUED), None, "")
    assert (told.top1_interval, told.precision, told.left_s) == (None, None, None)


def test_precision_and_origin() -> None:
    told = evaluation_reply(job(by_command_line=True, state=JobState.UNFINISHED), made_manifest(1, precision="int8"), "")
    assert (told.precision, told.by, told.state) == ("int8", "command line", "unfinished")
