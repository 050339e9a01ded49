"""The one interface every engine implements: all that is asked of an engine is here. A fleet asks it, and nobody else."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from server.engines.work import Work
from server.errors import ServiceError
from server.types import Prediction, ScoreType

BatchObserver = Callable[[int, int], None]
"""Called with the images and the unused places of each run of the model."""
AnswerObserver = Callable[[Work, Prediction | ServiceError | None], None]
"""Called once for every work an engine has taken: with its answer, or None if it was abandoned or too late before it cost anything."""


@dataclass(frozen=True, slots=True)
class EngineHealth:
    """Whether the engine can answer now; `reason` says why not."""

    ok: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class EngineStatus:
    """One engine on one chip. `process` is its process id if it has one of its own, `reason` says why it is not up."""

    name: str
    device: str
    up: bool
    answers: bool
    reason: str = ""
    process: int | None = None
    restarts: int = 0


def ignore_batch(_images: int, _padding: int) -> None:
    """The observer of batches where there is none."""


def ignore_answer(_work: Work, _outcome: Prediction | ServiceError | None) -> None:
    """The observer of answers where there is none."""


class Engine(Protocol):
    """One engine on one chip: takes images, `places` of them at once, and answers them on threads of its own."""

    @property
    def name(self) -> str:
        """What it is called."""

    @property
    def places(self) -> int:
        """Images it takes at once, once it has started."""

    @property
    def score_type(self) -> ScoreType:
        """What its scores are, once it has started."""

    @property
    def process(self) -> int | None:
        """The process it runs in, if that is its own."""

    @property
    def restarts(self) -> int:
        """How often that was started again."""

    on_answer: AnswerObserver
    """Told of every work that is over; to be set before `start`."""
    on_batch: BatchObserver
    """Told of every run of the model; to be set before `start`."""

    def start(self) -> None:
        """Load and warm up; raises EngineUnavailable or ModelError."""

    def take(self, work: Work) -> None:
        """Take a work without waiting, and tell `on_answer` when it is over.

        Thread-safe; raises EngineUnavailable when it cannot be taken, and then it is not.
        """

    def health(self) -> EngineHealth:
        """Whether the engine can answer now."""

    def give_up(self, reason: str) -> None:
        """What was taken gave no result for too long and is not waited for: start afresh, if that can be."""

    def close(self) -> None:
        """Release everything, on the fleet's word that nothing under way is waited for."""
