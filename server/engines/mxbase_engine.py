"""The mxBase engine: the compiled classifier (mxbase_cpp) behind the interface of every engine.

It decodes, batches and infers on threads of its own. Here is only the book of who waits for which answer.
"""

import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from functools import partial
from itertools import count
from math import isfinite
from threading import Lock
from typing import TYPE_CHECKING

from pipelines.cpu.decoder_warnings import listen_through
from server.engines.base import BatchObserver, EngineHealth, EngineStatus, InferenceRequest, ignore_batch, single_status
from server.engines.liveness import Liveness
from server.engines.plan import ClassifierPlan
from server.engines.probe import probe_request
from server.engines.work import InFlight, Work
from server.errors import DeadlineExceeded, EngineFailed, EngineUnavailable, Saturated, ServiceError, UndecodableImage
from server.types import ClassScore, Prediction, ScoreType

if TYPE_CHECKING:
    from mxclassify import Classifier, Result

logger = logging.getLogger(__name__)

BUILD = "Build it: make mxbase."
STALL_S = 60.0  # far above the worst latency: nothing for longer than this means the device hangs
WARM_UP_S = 60.0


def share_decoder_warnings() -> None:
    """Let the decoders of Python and those of the compiled classifier notice warnings by one trap; raises EngineUnavailable.

    For a process in which both decode: two traps would restore each other's `stderr`. To be called before anything is decoded.
    """
    try:
        from mxclassify import StderrTrap
    except ImportError as error:
        raise _not_built(error) from error
    listen_through(StderrTrap())


def _not_built(error: ImportError) -> EngineUnavailable:
    return EngineUnavailable(f"The compiled engine mxbase cannot be imported: {error}.", BUILD)


class MxbaseEngine:
    """Classifies through mxclassify."""

    def __init__(self, plan: Callable[[], ClassifierPlan], capacity: int) -> None:
        self.name = "mxbase"
        self.capacity = capacity
        self.score_type: ScoreType = "probability"
        self.on_batch: BatchObserver = ignore_batch
        self._make_plan = plan
        self._in_flight = InFlight(capacity)
        self._numbers = count()
        self._works: dict[int, Work] = {}
        self._moving = Lock()  # of what is in the classifier: its results come on a thread of its own
        self._liveness = Liveness(STALL_S)
        self._labels: Sequence[str] = ()
        self._runs: Counter[tuple[int, int]] = Counter()
        self._classifier: Classifier | None = None

    def start(self) -> None:
        """Load the model, time its batch sizes and classify one picture; raises EngineUnavailable or ModelError."""
        try:
            import mxclassify
        except ImportError as error:
            raise _not_built(error) from error
        plan = self._make_plan()
        if plan.runtime != mxclassify.RUNTIME:
            raise EngineUnavailable(f"The compiled engine was built for runtime {mxclassify.RUNTIME}, not {plan.runtime}.", BUILD)
        self._labels = plan.labels
        try:
            self._classifier = mxclassify.Classifier(plan.config, self._keep)
        except (mxclassify.DeviceError, ValueError) as error:
            raise EngineUnavailable(f"The compiled engine cannot start: {error}.", "The SDK's log says why.") from error
        logger.info("mxbase: batch sizes %s", ", ".join(f"{size} in {cost_s * 1e3:.2f} ms" for size, cost_s in self._classifier.gears))
        self._in_flight.open()
        try:
            self.submit(probe_request(WARM_UP_S)).result(WARM_UP_S)
        except (ServiceError, TimeoutError) as error:
            self.close(0)
            raise EngineUnavailable(f"The compiled engine fails its first picture: {error}") from error

    def submit(self, request: InferenceRequest) -> Future[Prediction]:
        """Hand an image to the classifier."""
        work = self._in_flight.admit(request)
        number = next(self._numbers)
        with self._moving:
            if not self._works:
                self._liveness.moved()
            self._works[number] = work
        classifier = self._classifier
        if classifier is None or not classifier.submit(number, request.image.data, request.deadline_s):
            with self._moving:
                self._works.pop(number, None)
            work.future.cancel()
            if not self._in_flight.is_open:
                raise EngineUnavailable("The engine is closing.")
            raise Saturated(f"{self.capacity} images are in flight, and as many that were given up.", "Try again in a moment.")
        work.future.add_done_callback(partial(self._spare, number))
        return work.future

    def _spare(self, number: int, done: Future[Prediction]) -> None:
        if done.cancelled() and (classifier := self._classifier):
            classifier.cancel(number)

    def _keep(self, results: "list[Result]") -> None:
        """Called by the classifier with everything that is over since the last time."""
        with self._moving:
            self._liveness.moved()
            works = [self._works.pop(number, None) for number, *_ in results]
        for work, (_, outcome, error, best, stages_s, images, gear) in zip(works, results, strict=True):
            if images:
                self._count_run(images, gear)
            if work is None:
                continue
            work.answer(self._prediction(best, stages_s) if outcome == "ok" else error_of(outcome, error))

    def _count_run(self, images: int, gear: int) -> None:
        """Every image tells of its batch; as many of a kind as one holds are one."""
        self._runs[images, gear] += 1
        if self._runs[images, gear] == images:
            del self._runs[images, gear]
            self.on_batch(images, gear - images)

    def _prediction(self, best: Sequence[tuple[int, float]], stages_s: Mapping[str, float]) -> Prediction | ServiceError:
        labels = self._labels
        scores = tuple([ClassScore(class_id, labels[class_id] if class_id < len(labels) else "", score) for class_id, score in best])
        if not all(isfinite(score.score) for score in scores):
            return EngineFailed("The model gave a score that is not a number.")
        return Prediction(scores, self.name, self.score_type, stages_s)

    def health(self) -> EngineHealth:
        """Well while it runs and the device gives results."""
        if not self._in_flight.is_open:
            return EngineHealth(ok=False, reason="not running")
        stalled = self._liveness.stalled(len(self._works))
        return EngineHealth(not stalled, f"no result in {STALL_S:g} s" if stalled else "")

    def statuses(self) -> tuple[EngineStatus, ...]:
        """Its own."""
        return single_status(self)

    def close(self, drain_s: float) -> None:
        """Answer what was taken for at most `drain_s`, fail the rest, release the device."""
        self._in_flight.close(drain_s, EngineUnavailable("The engine is closing."))
        classifier, self._classifier = self._classifier, None
        if classifier:
            classifier.close(0)
        self._works.clear()
        self._runs.clear()


def error_of(outcome: str, words: str) -> ServiceError:
    """What an outcome of the classifier means for the client."""
    match outcome:
        case "undecodable":
            return UndecodableImage("The image cannot be decoded.", "It is damaged inside its coded pixels: send the original file.")
        case "expired":
            return DeadlineExceeded("The request's time was over before its image was classified.")
        case "closed" | "cancelled":
            return EngineUnavailable("The engine closed before the image was answered.", "Try again in a moment.")
        case _:
            return EngineFailed(f"The compiled engine failed the image: {words}")


def open_in_child(config: str, labels: Sequence[str], runtime: str, capacity: int) -> MxbaseEngine:
    """The engine for a process of its own, which has no use for the model store."""
    return MxbaseEngine(lambda: ClassifierPlan(config, tuple(labels), runtime), capacity)
