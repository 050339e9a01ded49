"""The one interface every engine implements."""

from concurrent.futures import Future
from dataclasses import dataclass
from typing import Protocol

from server.types import EncodedImage, Prediction


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

    def start(self) -> None:
        """Load and warm up; raises EngineUnavailable."""

    def submit(self, request: InferenceRequest) -> Future[Prediction]:
        """Take an image; raises Saturated when `capacity` images are in flight, EngineUnavailable when not running."""

    def health(self) -> EngineHealth:
        """Whether the engine can answer now."""

    def close(self, drain_s: float) -> None:
        """Answer what was taken for at most `drain_s` seconds, fail the rest, release everything."""
