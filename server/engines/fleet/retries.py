"""What becomes of a request that an engine did not answer: the table of docs/operations.md, "When an engine breaks"."""

from enum import Enum, auto

from server.engines.work import Work
from server.errors import EngineFailed, EngineLost, EngineUnavailable, ServiceError, StreamFull

FAILURES = 2  # engines that may fail a request, until it is answered so
LOSSES = 3  # engines that may be lost with a request
SUSPICIOUS = 2  # losses after which it is tried alone


class Retry(Enum):
    """Where a request goes next."""

    ANSWER = auto()
    """To the client, with its error."""
    ELSEWHERE = auto()
    """To another engine, if one is up; else to the client."""
    AGAIN = auto()
    """Before all that wait, for whoever has room."""
    ALONE = auto()
    """To be tried one at a time, since it may be what kills engines."""


def is_fault(error: ServiceError) -> bool:
    """Whether an error counts against the engine: it is neither the image's fault, nor the client's, nor that of a full stream."""
    return isinstance(error, EngineFailed | EngineUnavailable) and not isinstance(error, StreamFull | EngineLost)


def next_try(work: Work, error: ServiceError) -> Retry:
    """Where a request goes after an error, which is noted in it."""
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
