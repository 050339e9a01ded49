"""How a run has come as far as it is, from a log that grows."""

from pathlib import Path

import pytest

from server.evaluation.evaluation_errors import EvaluationLost
from server.evaluation.report.accuracy import MAX_EXAMPLES
from server.evaluation.report.intervals import wilson_interval
from server.evaluation.run.records import PredictionLog, Record
from server.evaluation.run.run_course import MAX_POINTS, RunCourse
from server.evaluation.run.run_folder import RunFolder
from tests.server.evaluation.made_run import answer, failure, made_manifest


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    found = RunFolder(tmp_path / "run")
    found.begin(made_manifest(10))
    return found


def append(folder: RunFolder, *records: Record) -> None:
    with PredictionLog(folder.log) as log:
        for record in records:
            log.append(record)


def test_each_look_reads_on(folder: RunFolder) -> None:
    course = RunCourse(folder)
    assert course.look().points() == []
    append(folder, answer(0, 1, 1), answer(1, 1, 2), answer(2, None, 1))
    assert [tuple(point) for point in course.look().points()] == [(1, 1, 1), (2, 2, 1), (3, 2, 1)]
    append(folder, failure(3, 1))
    assert course.look().now == (4, 3, 1)
    assert course.points()[-1].top1.interval == wilson_interval(1, 3)
    assert [(image.name, image.outcome) for image in course.failed] == [("3.png", "undecodable_image")]


def test_a_line_that_is_still_written_waits(folder: RunFolder) -> None:
    append(folder, answer(0, 1, 1))
    line = answer(1, 1, 1).model_dump_json().encode()
    with folder.log.open("ab") as file:
        file.write(line[:20])
    course = RunCourse(folder)
    assert course.look().now.done == 1
    with folder.log.open("ab") as file:
        file.write(line[20:] + b"\n")
    assert course.look().now.done == 2


def test_a_long_run_keeps_few_points_and_the_last_is_now(folder: RunFolder) -> None:
    append(folder, *(answer(index, 1, 1) if index % 2 else failure(index, 1) for index in range(1001)))
    course = RunCourse(folder).look()
    points = course.points()
    assert MAX_POINTS / 2 < len(points) <= MAX_POINTS + 1
    assert points[-1] == course.now == (1001, 1001, 500)
    assert [point.done for point in points[:3]] == [8, 16, 24]
    assert (course.failures, len(course.failed)) == (501, MAX_EXAMPLES)


def test_a_group_counts_as_one_class(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "grouped")
    folder.begin(made_manifest(1, groups={"cat": (1, 2)}))
    append(folder, answer(0, 1, 2))
    assert RunCourse(folder).look().now == (1, 1, 1)


def test_a_run_that_has_not_begun(tmp_path: Path) -> None:
    with pytest.raises(EvaluationLost):
        RunCourse(RunFolder(tmp_path))
