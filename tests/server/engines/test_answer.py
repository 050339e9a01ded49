"""Results of the pipeline, and what is made of them."""

import pytest

from server.engines.answer import read_answer
from server.errors import EngineFailed, StreamFull, UndecodableImage
from server.types import ClassScore, Prediction

ANSWER = b'{"MxpiClass":[{"classId":163,"className":"beagle","confidence":0.75},{"classId":1,"className":"","confidence":1e-07}]}'


def test_a_result_is_read() -> None:
    prediction = read_answer(0, ANSWER, "probability", {"infer": 0.01})
    assert isinstance(prediction, Prediction)
    assert prediction.scores == (ClassScore(163, "beagle", 0.75), ClassScore(1, "", 1e-07))
    assert prediction.stages_s == {"infer": 0.01}


@pytest.mark.parametrize(
    ("code", "data", "error", "words"),
    [
        (1004, b'Opencv decode failed. (Code = 1004, Message = "Invalid parameter") \n\n', UndecodableImage, "cannot be decoded"),
        (1004, b"\n\n", EngineFailed, "code 1004"),
        (1004, b'Failed to resize image. (Code = 1004, Message = "Memory malloc failed") \n', UndecodableImage, "code 1004"),
        (2020, b"", UndecodableImage, "code 2020"),
        (-1, b"", StreamFull, "did not take the image"),
        (5003, b"The stream does not take the picture.", StreamFull, "did not take the image"),
        (1003, b'Opencv decode failed. (Code = 1003, Message = "Invalid Pointer") \n\n', UndecodableImage, "code 1003"),
        (-1, b"Model inference is failed.", EngineFailed, "code -1"),
        (6010, b"Time out, can not get result in time.", EngineFailed, "Time out"),
        (0, b"{}", EngineFailed, "empty result"),
        (0, b"[]", EngineFailed, "cannot be read"),
        (0, b"{", EngineFailed, "cannot be read"),
        (0, ANSWER.replace(b"0.75", b'"NaN"'), EngineFailed, "not a number"),
    ],
)
def test_a_failure_is_never_an_answer(code: int, data: bytes, error: type[Exception], words: str) -> None:
    found = read_answer(code, data, "probability", {})
    assert isinstance(found, error)
    assert words in str(found)
