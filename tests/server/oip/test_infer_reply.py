"""The outputs: which there are, and what is in them."""

import numpy as np
import pytest

from server.engines.all_scores import packed
from server.engines.score_vector import best_of
from server.errors import BadRequest, UndecodableImage
from server.oip.infer_reply import OutputTensors, needed_scores, wanted_outputs
from server.oip.infer_request import InferRequest, RequestedOutput
from server.types import Prediction

VECTOR = (np.arange(20) / 190).astype(np.float32)
NAMES = [f"class {number}: x" for number in range(20)]
ANSWER = Prediction(best_of(VECTOR, NAMES), "fake", all_scores=packed(VECTOR))
BAD = UndecodableImage("It is damaged.")


def tensors() -> OutputTensors:
    return OutputTensors([ANSWER, BAD], 20, lambda: NAMES)


def test_all_outputs_without_names() -> None:
    assert [each.name for each in wanted_outputs(InferRequest([]))] == ["scores", "classes", "labels", "probabilities"]
    partial = InferRequest([], [RequestedOutput("classes", binary=True)], parameters={"partial": True})
    assert [(each.name, each.binary) for each in wanted_outputs(partial)] == [("classes", True), ("errors", True)]


@pytest.mark.parametrize(
    "outputs",
    [
        [RequestedOutput("logits")],
        [RequestedOutput("errors")],
        [RequestedOutput("labels", 3)],
        [RequestedOutput("scores"), RequestedOutput("scores", 3)],
    ],
)
def test_outputs_that_there_are_not(outputs: list[RequestedOutput]) -> None:
    with pytest.raises(BadRequest):
        wanted_outputs(InferRequest([], outputs))


def test_the_whole_vector_only_where_it_is_needed() -> None:
    def needed(*outputs: RequestedOutput) -> str:
        return needed_scores(outputs, 1000)

    assert needed(RequestedOutput("classes"), RequestedOutput("scores", 16)) == "top"
    assert [needed(RequestedOutput("scores")), needed(RequestedOutput("scores", 17)), needed(RequestedOutput("probabilities", 17))] == [
        "full"
    ] * 3
    assert needed_scores([RequestedOutput("scores", 99)], 10) == "full"


def test_a_refused_image_has_its_row() -> None:
    made = tensors()
    scores = made.make(RequestedOutput("scores"))
    assert tuple(scores.shape) == (2, 20)
    assert scores.numbers is not None
    assert np.array_equal(scores.numbers[0], VECTOR)
    assert np.isnan(scores.numbers[1]).all()
    assert made.make(RequestedOutput("classes")).values() == [19, 18, 17, 16, 15, *[-1] * 5]
    assert made.make(RequestedOutput("labels")).elements[4:6] == [b"class 15: x", b""]
    assert made.make(RequestedOutput("probabilities")).values()[4:6] == [pytest.approx(15 / 190), None]
    assert made.make(RequestedOutput("errors")).values() == ["", "It is damaged."]


def test_classification_beyond_sixteen_and_beyond_the_classes() -> None:
    found = tensors().make(RequestedOutput("scores", 50))
    assert (found.datatype, tuple(found.shape)) == ("BYTES", (2, 20))
    assert found.elements[0] == b"0.100000:19:class 19: x"
    assert found.elements[19] == b"0.000000:0:class 0: x"
    assert found.elements[20] == b""
