"""The stream engine in this process: drives StreamManagerApi, the vendor's on a chip and this project's on a CPU.

stream_lanes.py has the driver, scores_lanes.py the one for the scores of all classes.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from time import monotonic

from pipelines.cpu.exif_turns import turns_pictures
from pipelines.cpu.runtime_options import CpuOptions
from server.engines.answer import no_full_scores, read_answer, read_full
from server.engines.base import AnswerObserver, BatchObserver, EngineHealth, ignore_answer, ignore_batch
from server.engines.plan import StreamPlan
from server.engines.probe import probe_image
from server.engines.process.scores_lanes import ScoresLanes
from server.engines.process.stream_lanes import UNHINDERED, StreamLanes, StreamRefused
from server.engines.runtime import StreamManager, open_stream_manager
from server.engines.vendor_log import remedy_at_start
from server.engines.work import Work
from server.errors import EngineUnavailable, ServiceError
from server.types import Runtime, ScoreType

logger = logging.getLogger(__name__)

CLOSE_S = 10.0  # so long the images in the streams may take to come out


class StreamEngine:
    """Classifies with the streams of one pipeline."""

    def __init__(
        self,
        plan: Callable[[], StreamPlan],
        runtime: Runtime,
        options: CpuOptions | None = None,
    ) -> None:
        """The options are for the CPU runtime. `strict` copies the vendor's dangerous behaviour, to test this engine."""
        self.name = "stream"
        self.process: int | None = None
        self.restarts = 0
        self.on_answer: AnswerObserver = ignore_answer
        self.on_batch: BatchObserver = ignore_batch
        self._make_plan = plan
        self._runtime: Runtime = runtime
        self._options = replace(
            options or CpuOptions(), on_frame=self._keep_stages, on_batch=self._ran, refuse_damaged=True, early_room=True
        )
        self._plan: StreamPlan | None = None
        self._lanes: StreamLanes | None = None
        self._scores: ScoresLanes | None = None
        self._manager: StreamManager | None = None
        self._open = False
        self._closing = threading.Lock()  # a reload retires an engine while the end of the server closes all

    def start(self) -> None:
        """Create the streams and send one picture through each; raises EngineUnavailable or ModelError."""
        try:
            self._start()
        except BaseException:
            self.close()
            raise

    def _start(self) -> None:
        plan = self._plan = self._make_plan()
        told = self._runtime == "cpu" and not self._options.strict and plan.depth <= UNHINDERED
        options = replace(self._options, on_result=self._arrived) if told else self._options
        self._manager, make_input = open_stream_manager(self._runtime, options)
        remedy = "" if self._runtime == "cpu" else remedy_at_start()
        if code := self._manager.InitManager():
            raise EngineUnavailable(f"InitManager failed with {code}.", remedy)
        if code := self._manager.CreateMultipleStreams(plan.text):
            reason = getattr(self._manager, "last_error", None) or ""  # the vendor's manager does not have it
            raise EngineUnavailable(f"The streams cannot be created (code {int(code)}). {reason}".rstrip(), remedy)
        lanes = self._lanes = StreamLanes(self._manager, make_input, plan.streams, plan.depth, self._claim, self._deliver, _is_slow)
        streams = plan.full.streams if plan.full else ()
        scores = self._scores = ScoresLanes(self._manager, make_input, streams, self._claim, self._deliver_full, _is_slow)
        self._warm_up(lanes, scores, plan)
        lanes.start(told)
        scores.start()
        self._open = True

    def _warm_up(self, lanes: StreamLanes, scores: ScoresLanes, plan: StreamPlan) -> None:
        try:
            best, full = lanes.warm_up(probe_image()), scores.warm_up(probe_image())
        except StreamRefused as error:
            raise EngineUnavailable(str(error)) from None
        answers = {stream: read_answer(0, data, plan.score_type, {}) for stream, data in best.items()}
        answers |= {stream: read_full(0, data, plan.full, plan.score_type, {}) for stream, data in full.items()}
        for stream, answer in answers.items():
            if isinstance(answer, ServiceError):
                raise EngineUnavailable(f"Stream {stream!r} fails on its first picture: {answer.message}")

    @property
    def places(self) -> int:
        """The number of images in the streams at once; the streams of scores have a queue, with no more images in total."""
        return self._lanes.places if self._lanes else 0

    @property
    def decoders(self) -> int:
        """The number of streams, each of which decodes one image at once."""
        return self._lanes.streams if self._lanes else 1

    @property
    def turns_pictures(self) -> bool:
        """Whether its decoder turns PNGs and WebPs by their EXIF orientation; the vendor's may not."""
        return self._runtime == "cpu" and turns_pictures()

    @property
    def reads_webp(self) -> bool:
        """Whether its decoder reads WebP; the vendor's does not."""
        return self._runtime == "cpu" and not self._options.strict

    @property
    def score_type(self) -> ScoreType:
        """The kind of the scores."""
        return self._plan.score_type if self._plan else "probability"

    def take(self, work: Work) -> None:
        """Send an image to the stream with most room, or to the streams of scores."""
        lanes, scores, request = self._lanes, self._scores, work.request
        if not self._open or lanes is None or scores is None:
            raise EngineUnavailable("The engine is not running.")
        if request and request.scores == "full":
            if not scores.send(work):  # reported on its own thread, because the observer may send the next image at once
                threading.Thread(target=self.on_answer, args=(work, no_full_scores()), daemon=True).start()
        elif not lanes.send(work):
            raise EngineUnavailable("Every stream is full; the images in them gave no result.")

    def health(self) -> EngineHealth:
        """Healthy while it runs; the fleet notices whether the streams give results."""
        return EngineHealth(ok=True) if self._open else EngineHealth(ok=False, reason="not running")

    def give_up(self, reason: str) -> None:
        """Do nothing: the streams of this process cannot restart, and their images may still come out."""

    def _ran(self, images: int, padding: int) -> None:
        self.on_batch(images, padding)

    def _keep_stages(self, stream: str, unique_id: int, stages_s: Mapping[str, float]) -> None:
        if self._lanes:
            self._lanes.keep_stages(stream, unique_id, stages_s)
        if self._scores:
            self._scores.keep_stages(stream, stages_s)

    def _arrived(self, stream: str, unique_id: int) -> None:
        if self._lanes:  # not for the warm-up pictures, which are awaited
            self._lanes.arrived(stream, unique_id)

    def _claim(self, work: Work) -> bytes | None:
        request = work.begin(monotonic())
        return request.image.data if request else None

    def _deliver(self, work: Work, code: int | None, data: bytes, stages_s: Mapping[str, float]) -> None:
        if code is None:
            self.on_answer(work, None)
            return
        self.on_answer(work, read_answer(code, data, self.score_type, _with_queue(work, stages_s)))

    def _deliver_full(self, work: Work, code: int | None, data: bytes, stages_s: Mapping[str, float]) -> None:
        if code is None:
            self.on_answer(work, None)
            return
        full = self._plan.full if self._plan else None
        self.on_answer(work, read_full(code, data, full, self.score_type, _with_queue(work, stages_s)))

    def close(self) -> None:
        """Let the images come out, end the threads, and only then stop the streams; a second call waits for the first."""
        self._open = False
        with self._closing:
            self._close()

    def _close(self) -> None:
        lanes, scores = self._lanes, self._scores
        if lanes and scores and self._manager:
            if not scores.close(lanes, CLOSE_S):  # what arrives now still goes through the lanes
                logger.error("a stream hangs; it is left to the end of the process")
            elif self._runtime == "cpu":
                self._manager.DestroyAllStreams()  # here the vendor shuts its devices down for good
        self._lanes = self._scores = self._manager = None
        if self._plan:
            self._plan.close()
            self._plan = None


def _is_slow(work: Work) -> bool:
    return work.is_slow


def _with_queue(work: Work, stages_s: Mapping[str, float]) -> Mapping[str, float]:
    """The stages, plus the time that the work waited for the engine."""
    return {**stages_s, "queue": stages_s.get("queue", 0.0) + work.queued_s}
