"""Prediction sets of a run, against those that the server answers with."""

import numpy as np
import pytest
from numpy.typing import NDArray

from server.calibration.prediction_sets import members
from server.calibration.temperature import logits_of, probabilities_of
from server.evaluation.report.set_coverage import SetRow, SetTally, scores_in_order
from server.evaluation.run.run_manifest import RunManifest
from tests.server.evaluation.made_run import answer, made_manifest, prediction

FITTED = {"temperature": 1.5, "evaluation": "a", "images": 9, "ece_before": 0.1, "ece_after": 0.0, "thresholds": {"0.8": 0.6, "0.9": 0.9}}


def manifest(**changes: object) -> RunManifest:
    return made_manifest(40, 5, **({"calibration": FITTED} | changes))


def rows(made: RunManifest, scores: NDArray[np.float64], labels: NDArray[np.int64], *, all_kept: bool = False) -> tuple[SetRow, ...]:
    table = scores.astype(np.float32)
    tally = SetTally(made, (lambda index: table[index]) if all_kept else None)
    for index, label in enumerate(labels.tolist()):
        record = answer(index, label, 0).answered(prediction(table[index]))
        tally.add(record.model_copy(update={"top": record.top[:2]}) if all_kept else record)
    return tally.rows()


@pytest.mark.parametrize("all_kept", [False, True], ids=["the answer has all classes", "all scores are kept"])
def test_the_sets_are_those_of_the_answers(all_kept: bool) -> None:
    random = np.random.default_rng(3)
    scores, labels = random.dirichlet(np.ones(5) / 2, 40), random.integers(0, 5, 40)
    found = rows(manifest(), scores, labels, all_kept=all_kept)
    assert [row.asked for row in found] == [0.8, 0.9]
    for row, threshold in zip(found, (0.6, 0.9), strict=True):
        sets = [members(probabilities_of(logits_of(each, "probability"), 1.5), threshold) for each in scores.astype(np.float32)]
        assert row.covered.correct == sum(label in ids for label, ids in zip(labels, sets, strict=True))
        assert row.mean_classes == pytest.approx(np.mean([len(ids) for ids in sets]))
        assert row.most_classes == max(len(ids) for ids in sets)


def test_a_group_is_right_with_any_of_its_classes() -> None:
    scores, labels = np.array([[0.02, 0.9, 0.03, 0.03, 0.02]]), np.array([0])
    assert [row.covered.correct for row in rows(manifest(), scores, labels)] == [0, 1]
    assert [row.covered.correct for row in rows(manifest(groups={"cat": (0, 1)}), scores, labels)] == [1, 1]


def test_no_sets_without_a_calibration_its_thresholds_or_all_scores() -> None:
    scores, labels = np.full((1, 5), 0.2), np.array([0])
    assert rows(manifest(calibration=None), scores, labels) == ()
    assert rows(manifest(calibration=FITTED | {"thresholds": {}}), scores, labels) == ()
    assert scores_in_order(((1, 0.5), (0, 0.4)), 3) is None
