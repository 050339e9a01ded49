"""The file of all scores of an evaluation."""

from pathlib import Path

import numpy as np
import pytest

from server.engines.all_scores import packed
from server.evaluation.evaluation_errors import EvaluationLost, RunInvalid
from server.evaluation.run.score_file import MAX_BYTES, SCORES, ScoreFile, stored_scores
from server.types import Prediction

ROWS, CLASSES = 5, 3


def answer(*scores: float) -> Prediction:
    return Prediction((), "made", all_scores=packed(scores))


def rows(folder: Path) -> list[list[float] | None]:
    table = np.fromfile(folder / SCORES, "<f4").reshape(ROWS, CLASSES)
    return [None if np.isnan(row).all() else row.tolist() for row in table]


def test_it_has_its_size_at_once_and_goes_on(tmp_path: Path) -> None:
    with ScoreFile(tmp_path, ROWS, CLASSES) as file:
        file.open(goes_on=False)
        assert rows(tmp_path) == [None] * ROWS
        file.keep(1, answer(0.5, 0.25, 0.25))
        file.keep(4, answer(1, 0, 0))
    with ScoreFile(tmp_path, ROWS, CLASSES) as file:
        file.open(goes_on=True)
        file.keep(0, answer(0, 1, 0))
    assert rows(tmp_path) == [[0, 1, 0], [0.5, 0.25, 0.25], None, None, [1, 0, 0]]
    assert [path.name for path in tmp_path.iterdir()] == [SCORES]


def test_one_that_is_too_large_is_refused_before_anything_is_done(tmp_path: Path) -> None:
    most = MAX_BYTES // 4000
    ScoreFile(tmp_path, most, 1000)
    with pytest.raises(RunInvalid, match=f"{MAX_BYTES} are allowed") as refused:
        ScoreFile(tmp_path, most + 1, 1000)
    assert f"at most {most} images (--limit)" in refused.value.remedy
    assert not list(tmp_path.iterdir())


def test_a_run_that_kept_none_cannot_begin_to(tmp_path: Path) -> None:
    with pytest.raises(RunInvalid, match="begun without --scores"):
        ScoreFile(tmp_path, ROWS, CLASSES).open(goes_on=True)


def test_a_file_of_another_size_is_lost(tmp_path: Path) -> None:
    (tmp_path / SCORES).write_bytes(bytes(12))
    with pytest.raises(EvaluationLost, match="has 12 bytes, not 60"):
        ScoreFile(tmp_path, ROWS, CLASSES).open(goes_on=True)


@pytest.mark.parametrize("all_scores", [None, packed([1, 0])])
def test_an_engine_without_them_is_told(tmp_path: Path, all_scores: bytes | None) -> None:
    with ScoreFile(tmp_path, ROWS, CLASSES) as file:
        file.open(goes_on=False)
        with pytest.raises(RunInvalid, match="The engine made does not give the scores of all 3 classes"):
            file.keep(0, Prediction((), "made", all_scores=all_scores))
    assert rows(tmp_path) == [None] * ROWS


def test_a_disk_without_room_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_room(_path: Path, _to: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", no_room)
    with pytest.raises(EvaluationLost, match="cannot be written: No space left"):
        ScoreFile(tmp_path, ROWS, CLASSES).open(goes_on=False)
    assert not list(tmp_path.iterdir())


def test_stored_scores_are_read_by_the_image_and_a_damaged_file_is_none(tmp_path: Path) -> None:
    table = np.arange(6, dtype="<f4").reshape(2, 3)
    assert stored_scores(tmp_path, 2, 3) is None
    (tmp_path / SCORES).write_bytes(table.tobytes())
    scores_of = stored_scores(tmp_path, 2, 3)
    assert scores_of
    assert scores_of(1).tolist() == [3.0, 4.0, 5.0]
    assert stored_scores(tmp_path, 3, 3) is None
