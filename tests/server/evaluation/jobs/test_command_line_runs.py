"""Runs of the command line beside the jobs of a server."""

from pathlib import Path

import pytest

from server.evaluation.jobs.command_line_runs import MAX_LISTED, CommandLineRuns
from server.evaluation.jobs.evaluation_job import JobState
from server.evaluation.run.records import PredictionLog
from server.evaluation.run.run_folder import REPORT, RunFolder
from tests.server.evaluation.made_run import answer, class_names, failure, made_manifest

ID = "0123456789abcdef"


def made(runs: Path, run_id: str = ID, *, finished: bool = True) -> RunFolder:
    folder = RunFolder(runs / run_id)
    folder.begin(made_manifest(4, limit=4, top_k=2))
    with PredictionLog(folder.log) as log:
        for record in (answer(0, 1, 1, elapsed_s=0.5), answer(1, 1, 2, 1, elapsed_s=1.0), failure(2, 1)):
            log.append(record)
        if finished:
            log.append(answer(3, None, 1, elapsed_s=2.0))
    if finished:
        folder.finish(class_names(4))
    return folder


def test_a_finished_one_is_told_as_its_report_says(tmp_path: Path) -> None:
    made(tmp_path)
    job = CommandLineRuns(tmp_path).find(ID)
    assert job is not None
    assert (job.state, job.total, job.done, job.labelled, job.failed) == (JobState.FINISHED, 4, 4, 4, 1)
    assert (job.top1, job.topk, job.images_per_s, job.by_command_line) == (0.25, 0.5, 2.0, True)
    assert (job.request.dataset, job.request.model, job.request.limit, job.request.top_k) == ("set", "made", 4, 2)


def test_one_that_is_not_finished_is_told_by_its_log(tmp_path: Path) -> None:
    made(tmp_path, finished=False)
    job = CommandLineRuns(tmp_path).find(ID)
    assert job is not None
    assert (job.state, job.done, job.labelled, job.failed, job.top1) == (JobState.UNFINISHED, 3, 3, 1, 1 / 3)
    assert job.ended_s is None


def test_a_report_that_changes_is_read_again(tmp_path: Path) -> None:
    runs, folder = CommandLineRuns(tmp_path), made(tmp_path)
    first = runs.find(ID)
    assert runs.find(ID) is first
    report = folder.path / REPORT
    report.write_text(report.read_text().replace('"attempted": 4', '"attempted": 3'))
    again = runs.find(ID)
    assert again is not None
    assert again.done == 3


@pytest.mark.parametrize("run_id", ["..", "../runs", "0123456789ABCDEF", "0123456789abcdef/", "lock", ""])
def test_only_an_id_is_looked_for(tmp_path: Path, run_id: str) -> None:
    made(tmp_path)
    assert CommandLineRuns(tmp_path).find(run_id) is None


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"denominators": {}}', "\x00"])
def test_a_damaged_report_is_passed_over(tmp_path: Path, text: str) -> None:
    (made(tmp_path).path / REPORT).write_text(text)
    assert CommandLineRuns(tmp_path).newest(()) == []


def test_the_newest_are_listed_without_the_jobs(tmp_path: Path) -> None:
    for number in range(MAX_LISTED + 2):
        RunFolder(tmp_path / f"{number:016x}").begin(made_manifest(1))
    found = CommandLineRuns(tmp_path).newest({f"{MAX_LISTED + 1:016x}"})
    assert len(found) == MAX_LISTED
    assert {job.id for job in found} == {f"{number:016x}" for number in range(1, MAX_LISTED + 1)}
