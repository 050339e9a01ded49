from pathlib import Path

import numpy as np
import pytest

from server.evaluation.evaluation_errors import EvaluationLost, NotFinished, RunInvalid
from server.evaluation.run.records import PredictionLog, Record
from server.evaluation.run.run_folder import LOG, MANIFEST, REPORT, RunFolder, check_writable, find_run, write_whole
from server.evaluation.run.score_file import SCORES
from server.words.language import Language
from tests.server.evaluation.made_run import answer, class_names, made_manifest

NAMES = ["a", "b", "c"]


@pytest.fixture
def finished(tmp_path: Path) -> RunFolder:
    folder = RunFolder(tmp_path / "runs" / "one")
    folder.begin(made_manifest(1, 3))
    with PredictionLog(folder.log) as log:
        log.append(Record(index=0, name="x.png", label=1, top=((1, 0.9), (0, 0.1))))
    folder.finish(NAMES)
    return folder


def test_a_run_from_begin_to_end(finished: RunFolder) -> None:
    report = finished.report()
    assert report.accuracy["top1"].correct == 1
    assert report.manifest.started_at
    assert report.manifest.ended_at
    assert finished.finish(NAMES) == report  # an audit finds the same
    run = finished.comparable()
    assert (run.manifest, [record.name for record in run.records]) == (report.manifest, ["x.png"])


def test_going_on(finished: RunFolder) -> None:
    assert finished.begin(made_manifest(1, 3)) == finished.manifest()
    with pytest.raises(RunInvalid, match=r"cannot be resumed: model_version was .* and is 9"):
        finished.begin(made_manifest(1, 3).model_copy(update={"model_version": "9"}))


def test_a_run_of_an_earlier_version(finished: RunFolder) -> None:
    """It is gone on with, read and compared; its CPU runtime was called host."""
    now = finished.comparable()
    for file in (MANIFEST, REPORT):
        text = (finished.path / file).read_text()
        assert '"cpu"' in text
        (finished.path / file).write_text(text.replace('"cpu"', '"host"'))
    assert finished.begin(made_manifest(1, 3)).runtime == "cpu"
    assert finished.comparable().manifest == now.manifest


def test_unfinished_and_damaged(tmp_path: Path, finished: RunFolder) -> None:
    (finished.path / REPORT).write_text("{}")
    with pytest.raises(EvaluationLost, match="damaged"):
        finished.report()
    (finished.path / REPORT).unlink()
    with pytest.raises(NotFinished):
        finished.report()
    with pytest.raises(EvaluationLost, match="cannot be read"):
        RunFolder(tmp_path / "none").manifest()


def test_finding_a_run(tmp_path: Path, finished: RunFolder) -> None:
    runs = tmp_path / "runs"
    for name in ("one", str(finished.path), str(finished.path / LOG), str(finished.path / REPORT)):
        assert find_run(name, runs).path == finished.path
    with pytest.raises(RunInvalid, match="is not an evaluation"):
        find_run("two", runs)


def test_a_file_is_whole_or_not_there(tmp_path: Path) -> None:
    write_whole(tmp_path / "file", "text")
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o640
    with pytest.raises(EvaluationLost, match="cannot be written"):
        write_whole(tmp_path / "none" / "file", "text")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_page_is_kept_by_its_language_and_by_what_drew_it(finished: RunFolder) -> None:
    (finished.path / "report.html").write_text("of an older version")
    kept = [finished.keep_page(language, "new", language) for language in Language]
    assert [page.read_text() for page in kept] == ["en", "zh"]
    assert sorted(finished.path.glob("report*.html")) == sorted(kept)
    assert not finished.page(Language.EN, "other").exists()


def test_the_scores_of_all_classes_give_the_prediction_sets(tmp_path: Path) -> None:
    """A calibrated run of twenty classes: an answer has sixteen of them, the file beside the log has all."""
    fitted = {"temperature": 1.0, "evaluation": "a", "images": 9, "ece_before": 0.1, "ece_after": 0.0, "thresholds": {"0.8": 0.5}}
    folder = RunFolder(tmp_path / "run")
    folder.begin(made_manifest(1, 20, calibration=fitted))
    scores = np.full((1, 20), 0.02, "<f4")
    scores[0, 3], scores[0, 7] = 0.4, 0.24
    with PredictionLog(folder.log) as log:
        log.append(answer(0, 7, 3, 7))
    assert folder.finish(class_names(20)).prediction_sets == ()
    (folder.path / SCORES).write_bytes(scores.tobytes())
    (row,) = folder.finish(class_names(20)).prediction_sets
    assert (row.asked, row.covered.correct, row.covered.total, row.most_classes) == (0.8, 1, 1, 2)


def test_a_file_that_can_be_written(tmp_path: Path) -> None:
    check_writable(tmp_path / "report.json")
    assert list(tmp_path.iterdir()) == []
    for path, words in ((tmp_path, "Is a directory"), (tmp_path / "none/report.json", "No such file"), (Path("/dev/null/x"), "Not a dir")):
        with pytest.raises(EvaluationLost, match=f"{path} cannot be written: {words}"):
            check_writable(path)
