"""An evaluation in this process; how it is interrupted and resumed is tested from outside, in tests/server/cli."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from server.cli.flags import load_settings
from server.evaluation.evaluation_errors import RunInvalid
from server.evaluation.jobs.evaluation_job import EvaluationRequest
from server.evaluation.run.local_run import evaluate, write_result_files
from server.evaluation.run.records import Record
from server.evaluation.run.run_folder import RunFolder
from server.evaluation.run.score_file import SCORES
from tests.level_model import CLASSES, level_scores, store_level_model
from tests.server.evaluation.level_sets import class_of, make_level_set


def test_it_is_measured(tmp_path: Path) -> None:
    store_level_model(tmp_path / "store")
    made = make_level_set(tmp_path / "val", 150, damaged=True)
    settings, seen = load_settings(model_store=tmp_path / "store", model="level", window=3), []
    request, folder = EvaluationRequest(dataset="val"), RunFolder(tmp_path / "run")
    run = evaluate(settings, made.folder, None, request, folder, lambda now: seen.append(now.done))
    assert (run.report.accuracy["top1"].correct, run.report.denominators.failed) == (made.correct, {"undecodable_image": 2})
    assert (seen, len(run.images)) == (list(range(151)), 150)
    again = evaluate(settings, made.folder, None, request, folder, lambda _: None)
    assert again.report == run.report


@pytest.mark.skipif(find_spec("mxclassify") is None, reason="make mxbase builds it")
def test_all_scores_are_kept(tmp_path: Path) -> None:
    store_level_model(tmp_path / "store")
    made = make_level_set(tmp_path / "val", 150, damaged=True)
    settings = load_settings(model_store=tmp_path / "store", model="level", engines="mxbase")
    request, folder = EvaluationRequest(dataset="val"), RunFolder(tmp_path / "run")
    run = evaluate(settings, made.folder, None, request, folder, lambda _: None, keep_scores=True)
    assert run.report.accuracy["top1"].correct == made.correct
    table = np.fromfile(folder.path / SCORES, "<f4").reshape(150, CLASSES)
    for index in range(150):
        number = int(Path(run.images[index].name).stem)
        if made.is_damaged(number):
            assert np.isnan(table[index]).all()
        else:
            assert np.abs(table[index] - level_scores(4 * class_of(number))).max() < 1e-5


def test_result_files(tmp_path: Path) -> None:
    (tmp_path / "b_1.txt").write_text("of an earlier run")
    right = Record(index=0, name="x/a.png", label=1, top=((1, 0.9), (0, 0.1)))
    failed = Record(index=1, name="b.png", label=1, outcome="undecodable_image")
    assert write_result_files(iter([right, failed]), tmp_path, 1) == 1
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"a_1.txt": "1 \n"}
    with pytest.raises(RunInvalid, match="same result file"):
        write_result_files(iter([right, right.model_copy(update={"name": "a.jpg"})]), tmp_path, 1)


def test_images_with_one_result_file_are_refused_before_the_run(tmp_path: Path) -> None:
    store_level_model(tmp_path / "store")
    for name in ("0/a.png", "1/a.jpg"):
        (tmp_path / "val" / name).parent.mkdir(parents=True)
        (tmp_path / "val" / name).write_bytes(b"x")
    settings = load_settings(model_store=tmp_path / "store", model="level")
    request, folder = EvaluationRequest(dataset="val"), RunFolder(tmp_path / "run")
    with pytest.raises(RunInvalid, match=r"1/a\.jpg and another image have the same result file, a_1\.txt"):
        evaluate(settings, tmp_path / "val", None, request, folder, lambda _: None, result_files=True)
    assert not folder.path.exists()
