from typing import Any

import pytest
from ascend_classify_client import AnswerInvalid, ImageError
from ascend_classify_client.answers import read_answer, read_batch, read_evaluation

ANSWER = {
    "model": "m",
    "version": "1",
    "engine": "stream",
    "score_type": "calibrated",
    "predictions": [{"class_id": 3, "label": "cat", "score": 0.5, "later": 1}],
    "prediction_set": {"coverage": 0.9, "classes": [{"class_id": 3, "label": "cat", "score": 0.5}]},
    "later": True,
}
EVALUATION = {"id": "a", "state": "running", "done": 3, "total": 10, "top1": 0.5}


def test_an_answer() -> None:
    answer = read_answer(ANSWER)
    assert (answer.best.class_id, answer.best.label, answer.best.score) == (3, "cat", 0.5)
    assert answer.prediction_set
    assert (answer.prediction_set.coverage, answer.prediction_set.classes) == (0.9, answer.predictions)
    assert read_batch({"results": [ANSWER, {"error": "e", "code": "c"}]}, 2) == [answer, ImageError("e", "c")]


@pytest.mark.parametrize("told", [None, [], "x", {}, {**ANSWER, "predictions": []}, {**ANSWER, "predictions": [{"class_id": "x"}]}])
def test_what_is_not_one(told: Any) -> None:
    with pytest.raises(AnswerInvalid):
        read_answer(told)


@pytest.mark.parametrize("told", [None, {}, {"results": None}, {"results": [1]}, {"results": [{"error": "e"}]}, {"results": []}])
def test_what_is_not_a_batch_of_one(told: Any) -> None:
    with pytest.raises(AnswerInvalid):
        read_batch(told, 1)


def test_an_evaluation() -> None:
    now = read_evaluation(EVALUATION)
    assert (now.id, now.is_over, now.done, now.total, now.top1, now.topk) == ("a", False, 3, 10, 0.5, None)
    assert read_evaluation({**EVALUATION, "state": "cancelled"}).is_over
    with pytest.raises(AnswerInvalid):
        read_evaluation({"id": "a"})
