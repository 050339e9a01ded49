"""The table of retries, row by row: what happened, where the request goes, and whether it counts against the engine."""

import pytest

from server.engines.fleet.retries import Retry, is_fault, next_try
from server.engines.probe import probe_request
from server.engines.work import Work
from server.errors import (
    DeadlineExceeded,
    EngineFailed,
    EngineLost,
    EngineUnavailable,
    ImageTooLarge,
    ServiceError,
    StreamFull,
    UndecodableImage,
)


@pytest.mark.parametrize(
    ("errors", "ways", "counts"),
    [
        ([UndecodableImage("")], [Retry.ANSWER], False),
        ([ImageTooLarge("")], [Retry.ANSWER], False),
        ([DeadlineExceeded("")], [Retry.ANSWER], False),
        ([EngineFailed("")] * 2, [Retry.ELSEWHERE, Retry.ANSWER], True),
        ([StreamFull("")] * 9, [Retry.AGAIN] * 9, False),
        ([EngineUnavailable("")] * 9, [Retry.AGAIN] * 9, True),
        ([EngineLost("")] * 3, [Retry.AGAIN, Retry.ALONE, Retry.ANSWER], False),
        ([EngineLost(""), EngineFailed(""), EngineLost("")], [Retry.AGAIN, Retry.ELSEWHERE, Retry.ALONE], None),
    ],
    ids=lambda value: "+".join(type(error).__name__ for error in value) if isinstance(value, list) and value else None,
)
def test_where_a_request_goes(errors: list[ServiceError], ways: list[Retry], counts: bool | None) -> None:
    work = Work(probe_request(1))
    assert [next_try(work, error) for error in errors] == ways
    assert counts is None or {is_fault(error) for error in errors} == {counts}
