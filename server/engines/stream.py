"""The stream engine: drives StreamManagerApi, the vendor's on a chip and ours on a CPU.

Requests wait in one queue. Each stream is a lane with two threads: the feeder takes the next live request as soon as the
stream has room (so the least busy stream gets it) and sends it; the collector fetches every result promptly, in order,
because the vendor's engine stalls on results that nobody claims. Sends on one stream come from one thread only, because the
vendor's id counter has no lock.
"""

import json
import logging
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from math import isfinite
from pathlib import Path
from queue import SimpleQueue
from time import monotonic
from typing import Any

from pipelines.codes import Code
from pipelines.host.options import HostOptions
from server.engines.base import EngineHealth, InferenceRequest
from server.engines.plan import StreamPlan
from server.engines.probe import probe_image
from server.engines.runtime import Runtime, StreamManager, open_stream_manager
from server.engines.work import InFlight, Work
from server.errors import EngineFailed, EngineUnavailable, ServiceError, UndecodableImage
from server.types import ClassScore, Prediction, ScoreType

logger = logging.getLogger(__name__)

STALL_MS = 60_000  # far above the worst latency: a result later than this means the stream hangs
CLOSE_S = 10.0  # what the images in the streams may take to come out, after the drain
ORPHAN_MS = 10  # a late result keeps a place in the vendor's table until it is claimed, so it is asked for once more


class _Lane:
    """One stream: the room in it, what is on its way, and what the runtime told of the time spent."""

    def __init__(self, name: str, depth: int) -> None:
        self.name = name.encode()
        self.room = threading.Semaphore(depth)
        self.sent: SimpleQueue[tuple[Work, int, float] | None] = SimpleQueue()
        self.stages_s: dict[int, Mapping[str, float]] = {}
        self.stalled = False


class StreamEngine:
    """Classifies through the streams of one pipeline."""

    def __init__(
        self,
        plan: Callable[[], StreamPlan],
        runtime: Runtime,
        capacity: int,
        on_batch: Callable[[int, int], None] | None = None,
        *,
        strict: bool = False,
        sdk_conf: Path | None = None,
    ) -> None:
        """`sdk_conf` and `strict` are the CPU runtime's; strict, it hurts where the vendor's does, and so this engine is tested."""
        self.name = "stream"
        self.capacity = capacity
        self._make_plan = plan
        self._runtime: Runtime = runtime
        self._options = HostOptions(on_frame=self._keep_stages, on_batch=on_batch, strict=strict, sdk_conf=sdk_conf)
        self._in_flight = InFlight(capacity)
        self._queue: SimpleQueue[Work | None] = SimpleQueue()
        self._lanes: dict[bytes, _Lane] = {}
        self._threads: list[threading.Thread] = []
        self._plan: StreamPlan | None = None
        self._manager: StreamManager | None = None
        self._input: Callable[[], Any] = object

    def start(self) -> None:
        """Create the streams and send one picture through each; raises EngineUnavailable or ModelError."""
        try:
            self._start()
        except BaseException:
            self.close(0)
            raise

    def _start(self) -> None:
        plan = self._plan = self._make_plan()
        self._manager, self._input = open_stream_manager(self._runtime, self._options)
        if code := self._manager.InitManager():
            raise EngineUnavailable(f"InitManager failed with {code}.", "Look into the SDK's log; the process must be restarted.")
        if code := self._manager.CreateMultipleStreams(plan.text):
            reason = getattr(self._manager, "last_error", None) or "The SDK's log says why."
            raise EngineUnavailable(f"The streams cannot be created (code {int(code)}). {reason}")
        self._lanes = {name.encode(): _Lane(name, plan.depth) for name in plan.streams}
        for lane in self._lanes.values():
            self._warm_up(lane, plan.score_type)
        for lane in self._lanes.values():
            for work in (self._feed, self._collect):
                thread = threading.Thread(target=work, args=(lane,), name=f"{lane.name.decode()}-{work.__name__[1:]}", daemon=True)
                self._threads.append(thread)
                thread.start()
        self._in_flight.open()

    def _warm_up(self, lane: _Lane, score_type: ScoreType) -> None:
        unique_id = self._send(lane, probe_image())
        if unique_id < 0:
            raise EngineUnavailable(f"Stream {lane.name.decode()!r} does not take a picture.")
        output = self._fetch(lane, unique_id)
        answer = read_answer(output.errorCode, output.data, score_type, {})
        if isinstance(answer, ServiceError):
            raise EngineUnavailable(f"Stream {lane.name.decode()!r} fails its first picture: {answer.message}")
        lane.stages_s.clear()

    @property
    def score_type(self) -> ScoreType:
        """What the scores are."""
        return self._plan.score_type if self._plan else "probability"

    def submit(self, request: InferenceRequest) -> Future[Prediction]:
        """Queue an image for the first stream with room."""
        work = self._in_flight.admit(request)
        self._queue.put(work)
        return work.future

    def health(self) -> EngineHealth:
        """Well while it runs and no stream hangs."""
        if not self._in_flight.is_open:
            return EngineHealth(ok=False, reason="not running")
        stalled = [lane.name.decode() for lane in self._lanes.values() if lane.stalled]
        return EngineHealth(not stalled, f"no result from {', '.join(stalled)} in {STALL_MS // 1000} s" if stalled else "")

    def _keep_stages(self, stream: str, unique_id: int, stages_s: Mapping[str, float]) -> None:
        lane = self._lanes.get(stream.encode())
        if lane:
            lane.stages_s[unique_id] = stages_s

    def _send(self, lane: _Lane, image: bytes) -> int:
        data = self._input()
        data.data = image
        return self._running.SendDataWithUniqueId(lane.name, 0, data)

    def _fetch(self, lane: _Lane, unique_id: int) -> Any:  # noqa: ANN401 - the vendor's struct
        return self._running.GetResultWithUniqueId(lane.name, unique_id, STALL_MS)

    @property
    def _running(self) -> StreamManager:
        if self._manager is None:
            raise EngineUnavailable("The engine is not running.")
        return self._manager

    def _feed(self, lane: _Lane) -> None:
        lane.room.acquire()
        while (taken := self._next()) is not None:
            work, image = taken
            queued_s = monotonic() - work.admitted_s
            unique_id = self._send(lane, image)
            if unique_id >= 0:
                lane.sent.put((work, unique_id, queued_s))
                lane.room.acquire()
            else:
                work.answer(EngineUnavailable("The stream did not take the image in time.", "Try again in a moment."))
        lane.sent.put(None)

    def _next(self) -> tuple[Work, bytes] | None:
        """Wait for work that somebody still wants; None at the end, which stays in the queue for the other feeders."""
        while (work := self._queue.get()) is not None:
            if request := work.begin(monotonic()):
                return work, request.image.data
        self._queue.put(None)
        return None

    def _collect(self, lane: _Lane) -> None:
        while (sent := lane.sent.get()) is not None:
            work, unique_id, queued_s = sent
            output = self._fetch(lane, unique_id)
            lane.room.release()
            stages_s = dict(lane.stages_s.pop(unique_id, {}))
            stages_s["queue"] = stages_s.get("queue", 0.0) + queued_s
            work.answer(read_answer(output.errorCode, output.data, self.score_type, stages_s))
            if output.errorCode == Code.STREAM_TIMEOUT:
                lane.stalled = True
                logger.error("stream %s gave no result in %d ms", lane.name.decode(), STALL_MS)
                self._running.GetResultWithUniqueId(lane.name, unique_id, ORPHAN_MS)
            elif lane.stalled:
                lane.stalled = False

    def close(self, drain_s: float) -> None:
        """Answer what was taken, end the threads, and only then stop the streams: the vendor aborts under a waiter."""
        self._in_flight.close(drain_s, EngineUnavailable("The engine is closing."))
        self._queue.put(None)
        give_up_s = monotonic() + drain_s + CLOSE_S
        for thread in self._threads:
            thread.join(max(0.0, give_up_s - monotonic()))
        if any(thread.is_alive() for thread in self._threads):
            logger.error("a stream hangs; it is left to the end of the process")
        elif self._manager:
            for lane in self._lanes.values():
                self._manager.StopStream(lane.name)
            if self._runtime == "host":
                self._manager.DestroyAllStreams()  # the vendor tears its devices down here, for good
        self._threads.clear()
        self._lanes.clear()
        self._manager = None
        if self._plan:
            self._plan.close()
            self._plan = None


def read_answer(code: int, data: bytes, score_type: ScoreType, stages_s: Mapping[str, float]) -> Prediction | ServiceError:
    """What a result of the pipeline means: a prediction, or the error the client is told."""
    if code == Code.COMM_INVALID_PARAM and data.startswith(b"Opencv decode failed"):
        return UndecodableImage("The image cannot be decoded.", "Send an intact image.")
    if code:
        return EngineFailed(f"The pipeline failed the image with code {int(code)}: {data.decode(errors='replace').strip()}")
    try:
        entries = json.loads(data).get("MxpiClass", [])
        scores = tuple(ClassScore(int(entry["classId"]), entry["className"], float(entry["confidence"])) for entry in entries)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        return EngineFailed(f"The pipeline's result cannot be read: {error!r}.")
    if not scores:
        return EngineFailed("The pipeline gave an empty result.")
    if not all(isfinite(score.score) for score in scores):
        return EngineFailed("The model gave a score that is not a number.")
    return Prediction(scores, "stream", score_type, stages_s)
