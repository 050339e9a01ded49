"""The one interface every engine implements: all that is asked of an engine is here."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Protocol

from server.types import EncodedImage, Prediction, ScoreType

BatchObserver = Callable[[int, int], None]
"""Called with the images and the unused places of each run of the model."""


@dataclass(frozen=True, slots=True)
class InferenceRequest:
    """One image to classify. `deadline_s` is on the clock of `time.monotonic()`."""

    image: EncodedImage
    id: str
    deadline_s: float


@dataclass(frozen=True, slots=True)
class EngineHealth:
    """Whether the engine can answer now; `reason` says why not."""

    ok: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class EngineStatus:
    """One engine on one chip. `process` is its process id if it has one of its own, `reason` says why it is not up."""

    name: str
    up: bool
    answers: bool
    reason: str = ""
    device: str = "0"
    process: int | None = None
    restarts: int = 0


def ignore_batch(_images: int, _padding: int) -> None:
    """The observer of batches where there is none."""


class Engine(Protocol):
    """Answers images with predictions.

    `submit` is thread-safe and never blocks. The future it returns ends with a Prediction or with a ServiceError;
    cancelling it before the image is decoded spares the work, and `close` leaves no future unresolved.
    """

    @property
    def name(self) -> str:
        """What it is called; of several engines, the one that answers now."""

    @property
    def capacity(self) -> int:
        """Images it takes at once."""

    @property
    def score_type(self) -> ScoreType:
        """What its scores are, once it has started."""

    on_batch: BatchObserver
    """Told of every run of the model, on any thread; to be set before `start`."""

    def start(self) -> None:
        """Load and warm up; raises EngineUnavailable."""

    def submit(self, request: InferenceRequest) -> Future[Prediction]:
        """Take an image; raises Saturated when `capacity` images are in flight, EngineUnavailable when not running."""

    def health(self) -> EngineHealth:
        """Whether the engine can answer now."""

    def statuses(self) -> Sequence[EngineStatus]:
        """One for every engine on every chip in it, in the order in which they are asked."""

    def close(self, drain_s: float) -> None:
        """Answer what was taken for at most `drain_s` seconds, fail the rest, release everything."""


def single_status(engine: Engine, process: int | None = None, restarts: int = 0) -> tuple[EngineStatus]:
    """The status of an engine that is one engine on one chip."""
    health = engine.health()
    return (EngineStatus(engine.name, health.ok, health.ok, health.reason, process=process, restarts=restarts),)


def engine_names(engine: Engine) -> tuple[str, ...]:
    """The engines by name, in the order in which they are asked."""
    return tuple(dict.fromkeys(status.name for status in engine.statuses()))
