"""Programs of engine processes: what the parent sends to a child, and how it reads the answers."""

from dataclasses import replace
from time import monotonic

import pytest

from server.engines.plan import FullScores, StreamPlan
from server.engines.process.engine_child import words_of
from server.engines.process.program import EngineProgram, StreamProgram, error_of
from server.engines.process.scores_lanes import ScoresStream
from server.engines.work import InferenceRequest
from server.errors import DeadlineExceeded, EngineFailed, Saturated
from server.types import Prediction
from tests.level_model import level_image

FULL_SCORES = FullScores((ScoresStream("scores0", "appsink0", "mxpi_tensorinfer0"),), 4, ())

PROGRAM = EngineProgram("module:factory", lambda: {"a": 1})


def test_an_answer_survives_its_words() -> None:
    prediction = Prediction((), "fake", "logit", {"infer": 0.1 + 0.2})
    assert PROGRAM.read(words_of(prediction), b"") == prediction
    complete = replace(prediction, all_scores=b"\x00\x00\x80\x3f")
    assert PROGRAM.read(words_of(complete), complete.all_scores or b"") == complete
    refusal = PROGRAM.read(words_of(Saturated("Full.", "Wait.")), b"")
    assert (type(refusal), str(refusal)) == (Saturated, "Full. Wait.")


def test_errors_by_their_code() -> None:
    assert type(error_of("deadline_exceeded", "", "")) is DeadlineExceeded
    assert type(error_of("unheard_of", "", "")) is EngineFailed


@pytest.mark.parametrize("meta", [None, {}, [], {"scores": 1, "stages_s": {}}])
def test_words_that_mean_nothing_raise(meta: object) -> None:
    with pytest.raises((LookupError, TypeError, ValueError)):
        PROGRAM.read(meta, b"")


@pytest.mark.parametrize("full", [None, FULL_SCORES])
def test_what_the_driver_of_streams_is_told(full: FullScores | None) -> None:
    program = StreamProgram(lambda: StreamPlan(b"{}", ("one",), 2, "logit", full), "cpu")
    assert program.launch().config["scores"] == (full.streams if full else ())
    request = InferenceRequest(level_image(1), "id", monotonic())
    full_request = replace(request, scores="full")
    assert [program.meta(request), program.meta(request, slow=True)] == [[], ["slow"]]
    assert [program.meta(full_request), program.meta(full_request, slow=True)] == [["full"], ["full", "slow"]]


@pytest.mark.parametrize("body", [b"", b"\x0a\x00", b"\xff" * 9])
def test_a_tensor_that_is_none_fails_the_image_and_not_the_child(body: bytes) -> None:
    program = StreamProgram(lambda: StreamPlan(b"{}", ("one",), 2, "logit", FULL_SCORES), "cpu")
    program.launch()
    assert type(program.read({"code": 0, "stages_s": {}, "full": True}, body)) is EngineFailed


def test_what_goes_with_an_image() -> None:
    deadline_s = monotonic()
    image = replace(level_image(1), decode_s=0.5)
    assert PROGRAM.meta(InferenceRequest(image, "id", deadline_s, "full")) == ["id", deadline_s, "png", 48, 48, 1, 0.5, "full"]
    assert PROGRAM.launch().command(7)[-1] == "7"
