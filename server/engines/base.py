"""The interface of every engine. Only a fleet calls an engine, and only through this interface."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from server.engines.work import Work
from server.errors import ServiceError
from server.types import Prediction, ScoreType

BatchObserver = Callable[[int, int], None]
"""Called after each run of the model with the number of images and of unused places."""
AnswerObserver = Callable[[Work, Prediction | ServiceError | None], None]
"""Called once for every work that an engine has taken: with its answer, or with None if it was cancelled or late before the decode."""


@dataclass(frozen=True, slots=True)
class EngineHealth:
    """Whether the engine can answer now; `reason` says why not."""

    ok: bool
    reason: str = ""
    gone: bool = False
    """Its process could not be started again; it is tried anew from time to time."""


@dataclass(frozen=True, slots=True)
class EngineStatus:
    """One engine on one chip. `process` is its process id if it has its own process; `reason` says why it is not up.

    `restarting` says that its process begins again, and has not failed to; `in_flight` is the number of images that it has taken.
    """

    name: str
    device: str
    up: bool
    answers: bool
    reason: str = ""
    process: int | None = None
    restarts: int = 0
    restarting: bool = False
    in_flight: int = 0


def ignore_batch(_images: int, _padding: int) -> None:
    """The default observer of batches: does nothing."""


def ignore_answer(_work: Work, _outcome: Prediction | ServiceError | None) -> None:
    """The default observer of answers: does nothing."""


def ignore_switch(_before: str, _after: str, _reason: str) -> None:
    """The default observer of switches: does nothing."""


class Engine(Protocol):
    """One engine on one chip. It takes up to `places` images at once and answers them on its own threads."""

    @property
    def name(self) -> str:
        """The name of the engine."""

    @property
    def places(self) -> int:
        """The number of images it takes at once; known after `start`."""

    @property
    def decoders(self) -> int:
        """The number of images that it decodes at once; each has an equal part of the places. Known after `start`."""

    @property
    def turns_pictures(self) -> bool:
        """Whether its decoder turns PNGs and WebPs by their EXIF orientation, as each one turns JPEGs; known after `start`."""

    @property
    def reads_webp(self) -> bool:
        """Whether its decoder reads WebP, for which the SDK's is not built; known after `start`."""

    @property
    def score_type(self) -> ScoreType:
        """The kind of its scores; known after `start`."""

    @property
    def process(self) -> int | None:
        """The id of its process, if it has its own."""

    @property
    def restarts(self) -> int:
        """How often its process was restarted."""

    on_answer: AnswerObserver
    """Called for every work that has ended; set it before `start`."""
    on_batch: BatchObserver
    """Called for every run of the model; set it before `start`."""

    def start(self) -> None:
        """Load and warm up; raises EngineUnavailable or ModelError."""

    def take(self, work: Work) -> None:
        """Take a work without waiting, and call `on_answer` when it ends.

        Thread-safe. Raises EngineUnavailable if the engine does not take the work.
        """

    def health(self) -> EngineHealth:
        """Whether the engine can answer now."""

    def give_up(self, reason: str) -> None:
        """Restart if possible, because works gave no result for too long; the fleet no longer waits for them."""

    def close(self) -> None:
        """Release everything. The fleet calls this when it waits for no more works."""
