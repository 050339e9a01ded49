"""What becomes of a request that an engine did not answer: the table of docs/operations.md, "When an engine breaks"."""

from enum import Enum, auto

from server.engines.work import Work
from server.errors import EngineFailed, EngineLost, EngineUnavailable, ServiceError, StreamFull

FAILURES = 2  # so many engines may fail a request; then it gets the error
LOSSES = 3  # so many engines may be lost with a request
SUSPICIOUS = 2  # after so many losses it is tried alone


class Retry(Enum):
    """The next step of a request."""

    ANSWER = auto()
    """To the client, with its error."""
    ELSEWHERE = auto()
    """To another engine, if one is up; else to the same, if it still is; else to the client."""
    AGAIN = auto()
    """To the front of the queue, for any member with room."""
    ALONE = auto()
    """To the quarantine, which tries one request at a time, because it may be the cause of crashes."""


def is_fault(error: ServiceError) -> bool:
    """Whether an error counts against the engine: not an error of the image or the client, and not a full stream."""
    return isinstance(error, EngineFailed | EngineUnavailable) and not isinstance(error, StreamFull | EngineLost)


def next_try(work: Work, error: ServiceError) -> Retry:
    """The next step of a request after an error; counts the error in the work."""
    match error:
        case StreamFull():
            return Retry.AGAIN
        case EngineLost():
            work.losses += 1
            if work.losses >= LOSSES:
                return Retry.ANSWER
            return Retry.ALONE if work.losses >= SUSPICIOUS else Retry.AGAIN
        case EngineUnavailable():
            return Retry.AGAIN
        case EngineFailed():
            work.failures += 1
            return Retry.ANSWER if work.failures >= FAILURES else Retry.ELSEWHERE
        case _:
            return Retry.ANSWER
