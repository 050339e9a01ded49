"""Which runs a model may be calibrated on, and what is read from them."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.store import StoredModel
from server.evaluation.evaluation_errors import CalibrationRefused, EvaluationLost, NotFinished
from server.evaluation.fitting import scored_run
from server.evaluation.fitting.scored_run import read_scored_run
from server.evaluation.run.score_file import SCORES
from tests.level_model import CLASSES, store_level_model
from tests.server.evaluation.fitting.scored_made import made_run

SCORED = np.random.default_rng(0).dirichlet(np.ones(CLASSES), 8).astype(np.float32)
LABELS = [3, 1, None, 4, 1, 5, 9, 2]


@pytest.fixture
def model(tmp_path: Path) -> StoredModel:
    return store_level_model(tmp_path / "store")


def test_answered_images_with_labels_are_read(model: StoredModel, tmp_path: Path) -> None:
    found = read_scored_run(made_run(tmp_path / "run", model, SCORED, LABELS, failed=4), model)
    used = [0, 1, 3, 5, 6, 7]
    assert (found.name, found.of, sorted(found.labels.tolist())) == ("run", 6, sorted(LABELS[index] or 0 for index in used))
    by_label = {LABELS[index]: SCORED[index] for index in used}
    for logits, label in zip(found.logits, found.labels.tolist(), strict=True):
        assert np.exp(logits) == pytest.approx(by_label[label])


def test_a_seed_gives_one_order(model: StoredModel, tmp_path: Path) -> None:
    """Whatever the order of the answers was."""
    run = made_run(tmp_path / "run", model, SCORED, LABELS)
    orders = [read_scored_run(run, model, seed).labels.tolist() for seed in (1, 2)]
    run.log.write_text("".join(reversed(run.log.read_text().splitlines(keepends=True))))
    assert orders[0] == read_scored_run(run, model, 1).labels.tolist() != orders[1]


def test_a_part_of_a_large_run(model: StoredModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scored_run, "MOST_SCORES", 3 * CLASSES + 1)
    found = read_scored_run(made_run(tmp_path / "run", model, SCORED, LABELS), model)
    assert (len(found.labels), found.logits.shape, found.of) == (3, (3, CLASSES), 7)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"model": "other"}, "measured the model other, not level"),
        ({"model_sha256": "e" * 64}, "measured another artifact of level"),
        ({"recipe_sha256": "e" * 64}, "measured level with another recipe"),
        ({"labels_sha256": "e" * 64}, "measured level with another list of labels"),
        ({"groups": {"cat": (1, 2)}}, "a label stands for several classes"),
    ],
)
def test_a_run_of_something_else_is_refused(model: StoredModel, tmp_path: Path, changes: dict[str, Any], words: str) -> None:
    with pytest.raises(CalibrationRefused, match=words) as refused:
        read_scored_run(made_run(tmp_path / "run", model, SCORED, LABELS, **changes), model)
    assert refused.value.remedy == f"Run: ascend-classify evaluate FOLDER --model level --scores --model-store {tmp_path}/store"


def test_scores_of_another_kind(model: StoredModel, tmp_path: Path) -> None:
    with pytest.raises(CalibrationRefused, match="of the kind calibrated, which has no temperature"):
        read_scored_run(made_run(tmp_path / "run", model, SCORED, LABELS, score_type="calibrated"), model)


def test_a_run_without_scores_or_labels_or_an_end(model: StoredModel, tmp_path: Path) -> None:
    run = made_run(tmp_path / "run", model, SCORED, LABELS)
    (run.path / SCORES).unlink()
    with pytest.raises(CalibrationRefused, match=r"did not keep the scores of all classes\. Run: .* --scores"):
        read_scored_run(run, model)
    with pytest.raises(CalibrationRefused, match="no answered image with a label"):
        read_scored_run(made_run(tmp_path / "without", model, SCORED, [None] * 8), model)
    (run.path / "report.json").unlink()
    with pytest.raises(NotFinished, match="Resume it"):
        read_scored_run(run, model)


def test_damaged_scores(model: StoredModel, tmp_path: Path) -> None:
    run = made_run(tmp_path / "run", model, SCORED, LABELS)
    whole = (run.path / SCORES).read_bytes()
    (run.path / SCORES).write_bytes(whole[:-4])
    with pytest.raises(EvaluationLost, match=f"{len(whole) - 4} bytes, which are not 8 rows of {CLASSES} scores"):
        read_scored_run(run, model)
    (run.path / SCORES).write_bytes(b"\x00\x00\xc0\x7f" * (len(whole) // 4))
    with pytest.raises(EvaluationLost, match="an answered image has no scores"):
        read_scored_run(run, model)
