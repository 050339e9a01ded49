"""How an engine's futures are told by its host."""

from concurrent.futures import Future

from server.engines.process.engine_child import outcome_of
from server.errors import EngineFailed, EngineUnavailable, Saturated
from server.types import Prediction


def ended(outcome: Prediction | Exception) -> Future[Prediction]:
    future: Future[Prediction] = Future()
    if isinstance(outcome, Exception):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)
    return future


def test_every_end_is_an_answer_or_an_error_of_the_service() -> None:
    prediction, refusal = Prediction((), "fake"), Saturated("Full.")
    assert outcome_of(ended(prediction)) is prediction
    assert outcome_of(ended(refusal)) is refusal
    assert type(outcome_of(ended(ValueError()))) is EngineFailed
    cancelled: Future[Prediction] = Future()
    cancelled.cancel()
    assert type(outcome_of(cancelled)) is EngineUnavailable
