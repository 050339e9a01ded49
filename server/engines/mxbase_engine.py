"""The mxBase engine: the compiled classifier (mxbase_cpp) with the interface of every engine.

The classifier numbers its images; this module knows which number belongs to which work.
"""

import logging
import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from functools import partial
from itertools import count
from math import isfinite
from typing import TYPE_CHECKING

from pipelines.classifier_config import MXCLASSIFY_INTERFACE, ClassifierConfig
from pipelines.cpu.decoder_warnings import listen_through
from server.engines.all_scores import are_finite
from server.engines.base import AnswerObserver, BatchObserver, EngineHealth, ignore_answer, ignore_batch
from server.engines.plan import ClassifierPlan
from server.engines.probe import probe_request
from server.engines.vendor_log import remedy_at_start
from server.engines.work import Work
from server.errors import DeadlineExceeded, EngineFailed, EngineUnavailable, ServiceError, UndecodableImage
from server.types import ClassScore, Prediction, ScoreType

if TYPE_CHECKING:
    from mxclassify import Classifier, Result

logger = logging.getLogger(__name__)

BUILD = "Build it: make mxbase."
WARM_UP_S = 60.0
QUIET = ("GLOG_minloglevel", "1")  # warnings and errors only: the SDK logs a line an inference


def share_decoder_warnings() -> None:
    """Let Python's decoders and the compiled classifier's find warnings with the same trap; raises EngineUnavailable.

    Needed in a process where both decode: two traps would restore each other's `stderr`. Call this before the first decode.
    """
    try:
        from mxclassify import StderrTrap
    except ImportError as error:
        raise _not_built(error) from error
    listen_through(StderrTrap())


def _not_built(error: ImportError) -> EngineUnavailable:
    return EngineUnavailable(f"The compiled engine mxbase cannot be imported: {error}.", BUILD)


class MxbaseEngine:
    """Classifies with mxclassify, which decodes, batches and infers on its own threads."""

    def __init__(self, plan: Callable[[], ClassifierPlan], places: int) -> None:
        self.name = "mxbase"
        self.places, self.decoders, self.turns_pictures, self.reads_webp = places, 1, True, True
        self.process: int | None = None
        self.restarts = 0
        self.score_type: ScoreType = "probability"
        self.on_answer: AnswerObserver = ignore_answer
        self.on_batch: BatchObserver = ignore_batch
        self._make_plan = plan
        self._numbers = count()
        self._works: dict[int, Work] = {}
        self._labels: Sequence[str] = ()
        self._runs: Counter[tuple[int, int]] = Counter()
        self._classifier: Classifier | None = None

    def start(self) -> None:
        """Load the model, measure its batch sizes and classify one picture; raises EngineUnavailable or ModelError."""
        try:
            import mxclassify
        except ImportError as error:
            raise _not_built(error) from error
        if getattr(mxclassify, "INTERFACE", 1) != MXCLASSIFY_INTERFACE:
            raise EngineUnavailable("The compiled engine was built from another version of the sources.", BUILD)
        plan = self._make_plan()
        if plan.runtime != mxclassify.RUNTIME:
            raise EngineUnavailable(f"The compiled engine was built for runtime {mxclassify.RUNTIME}, not {plan.runtime}.", BUILD)
        self._labels, self.decoders, self.reads_webp = plan.labels, plan.config["decoders"], plan.runtime == "cpu"
        try:
            self._classifier = mxclassify.Classifier(self._keep, **plan.config)
        except (mxclassify.DeviceError, ValueError) as error:
            raise EngineUnavailable(
                f"The compiled engine cannot start: {error}.", remedy_at_start() if plan.runtime == "ascend" else ""
            ) from error
        logger.info("mxbase: batch sizes %s", ", ".join(f"{size} in {cost_s * 1e3:.2f} ms" for size, cost_s in self._classifier.gears))
        self._warm_up()

    def _warm_up(self) -> None:
        work = Work(probe_request(WARM_UP_S), is_probe=True)
        on_answer, self.on_answer = self.on_answer, _resolve
        try:
            self.take(work)
            work.future.result(WARM_UP_S)
        except (ServiceError, TimeoutError) as error:
            self.close()
            raise EngineUnavailable(f"The compiled engine fails on its first picture: {error}") from error
        finally:
            self.on_answer = on_answer

    def take(self, work: Work) -> None:
        """Hand an image to the classifier."""
        request, classifier = work.request, self._classifier
        if classifier is None:
            raise EngineUnavailable("The engine is not running.")
        if request is None:
            self.on_answer(work, None)
            return
        number = next(self._numbers)
        self._works[number] = work
        if not classifier.submit(number, request.image.data, request.deadline_s, request.scores == "full", work.is_slow):
            self._works.pop(number, None)
            raise EngineUnavailable("The classifier is full; its images gave no result.")
        work.future.add_done_callback(partial(self._spare, number))

    def _spare(self, number: int, done: Future[Prediction]) -> None:
        if done.cancelled() and (classifier := self._classifier):
            classifier.cancel(number)

    def _keep(self, results: "list[Result]") -> None:
        """Called by the classifier with all results since the last call."""
        for number, outcome, error, best, stages_s, images, gear, all_scores in results:
            work = self._works.pop(number, None)
            if images:
                self._count_run(images, gear)
            if work is None:
                continue
            if outcome != "ok":
                self.on_answer(work, error_of(outcome, error))
                continue
            queued_s = stages_s.get("queue", 0.0) + work.queued_s
            self.on_answer(work, self._prediction(best, {**stages_s, "queue": queued_s}, all_scores))

    def _count_run(self, images: int, gear: int) -> None:
        """Count batches: every image reports its batch, so the images of one batch count as one run."""
        self._runs[images, gear] += 1
        if self._runs[images, gear] == images:
            del self._runs[images, gear]
            self.on_batch(images, gear - images)

    def _prediction(
        self, best: Sequence[tuple[int, float]], stages_s: Mapping[str, float], all_scores: bytes | None
    ) -> Prediction | ServiceError:
        labels = self._labels
        scores = tuple([ClassScore(class_id, labels[class_id] if class_id < len(labels) else "", score) for class_id, score in best])
        if not (all(isfinite(score.score) for score in scores) and (all_scores is None or are_finite(all_scores))):
            return EngineFailed("The model returned a score that is not a number.")
        return Prediction(scores, self.name, self.score_type, stages_s, all_scores)

    def health(self) -> EngineHealth:
        """Healthy while it runs; the fleet notices whether the device gives results."""
        return EngineHealth(ok=True) if self._classifier else EngineHealth(ok=False, reason="not running")

    def give_up(self, reason: str) -> None:
        """Do nothing: the classifier of this process cannot restart, and its images may still end."""

    def close(self) -> None:
        """Release the device."""
        classifier, self._classifier = self._classifier, None
        if classifier:
            classifier.close(0)
        self._works.clear()
        self._runs.clear()


def _resolve(work: Work, outcome: Prediction | ServiceError | None) -> None:
    work.answer(outcome or EngineUnavailable("It was not answered in time."))


def error_of(outcome: str, words: str) -> ServiceError:
    """The error for the client, from an outcome of the classifier."""
    match outcome:
        case "undecodable":
            return UndecodableImage("The image cannot be decoded.", "It is damaged inside its coded pixels: send the original file.")
        case "expired":
            return DeadlineExceeded("The request timed out before its image was classified.", "Ask for more time or try later.")
        case "closed" | "cancelled":
            return EngineUnavailable("The engine closed before the image was answered.", "Try again in a moment.")
        case _:
            return EngineFailed(f"The compiled engine failed on the image: {words}")


def open_in_child(config: ClassifierConfig, labels: Sequence[str], runtime: str, places: int) -> MxbaseEngine:
    """Open the engine in its own process, which does not need the model store."""
    if runtime == "ascend":
        os.putenv(*QUIET)  # read by glog when it is loaded with the SDK's libraries
    return MxbaseEngine(lambda: ClassifierPlan(config, tuple(labels), runtime), places)
