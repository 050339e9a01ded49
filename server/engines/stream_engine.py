"""The stream engine: drives StreamManagerApi, the vendor's on a chip and ours on a CPU.

Requests wait in one queue, and go to the stream with most room. Each stream is a lane: a lock for its sends, because the vendor's
id counter has none, and whoever fetches every result promptly, in order, because the vendor's engine stalls on results that
nobody claims: a thread that waits for them, or, where the CPU runtime tells of them, the stream's own thread, which saves every
image two changes of thread. Whoever brings a request, or takes a result out, sends what fits; only where a send may have to wait
(deep streams, which form batches) a thread of the lane does it.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue
from time import monotonic
from typing import Any

from pipelines.codes import Code
from pipelines.cpu.runtime_options import CpuOptions
from server.engines.answer import read_answer
from server.engines.base import EngineHealth, InferenceRequest
from server.engines.plan import StreamPlan
from server.engines.probe import probe_image
from server.engines.runtime import StreamManager, open_stream_manager
from server.engines.work import InFlight, Work
from server.errors import EngineUnavailable, ServiceError
from server.types import Prediction, Runtime, ScoreType

logger = logging.getLogger(__name__)

STALL_MS = 60_000  # far above the worst latency: a result later than this means the stream hangs
CLOSE_S = 10.0  # what the images in the streams may take to come out, after the drain
UNHINDERED = 2  # images that the vendor's appsrc takes without a wait
ORPHAN_MS = 10  # a late result keeps a place in the vendor's table until it is claimed, so it is asked for once more


class _Lane:
    """One stream: the room in it, what is on its way, and what the runtime told of the time spent."""

    def __init__(self, name: str, depth: int) -> None:
        self.name = name.encode()
        self.depth = self.room = depth  # the room is guarded by the engine's condition
        self.moved_s = monotonic()  # when a result came last, or a first image went in
        self.sending = threading.Lock()
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
        self._options = CpuOptions(on_frame=self._keep_stages, on_batch=on_batch, strict=strict, refuse_damaged=True, sdk_conf=sdk_conf)
        self._told = False  # of results, by the runtime
        self._in_flight = InFlight(capacity)
        self._queue: deque[Work] = deque()
        self._changed = threading.Condition()  # of the queue or of a lane's room
        self._closing = False
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
        self._closing = False
        self._told = self._runtime == "host" and not self._options.strict and not self._deep
        options = replace(self._options, on_result=self._arrived) if self._told else self._options
        self._manager, self._input = open_stream_manager(self._runtime, options)
        if code := self._manager.InitManager():
            raise EngineUnavailable(f"InitManager failed with {code}.", "Look into the SDK's log; the process must be restarted.")
        if code := self._manager.CreateMultipleStreams(plan.text):
            reason = getattr(self._manager, "last_error", None) or "The SDK's log says why."
            raise EngineUnavailable(f"The streams cannot be created (code {int(code)}). {reason}")
        self._lanes = {name.encode(): _Lane(name, plan.depth) for name in plan.streams}
        for lane in self._lanes.values():
            self._warm_up(lane, plan.score_type)
        for lane in self._lanes.values():
            for work in self._lane_work():
                thread = threading.Thread(target=work, args=(lane,), name=f"{lane.name.decode()}-{work.__name__[1:]}", daemon=True)
                self._threads.append(thread)
                thread.start()
        self._in_flight.open()

    def _lane_work(self) -> tuple[Callable[[_Lane], None], ...]:
        if self._told:
            return ()
        return (self._collect, self._feed) if self._deep else (self._collect,)

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
        """Send an image to the stream with most room, or queue it until there is room."""
        work = self._in_flight.admit(request)
        self._queue.append(work)
        self._dispatch()
        return work.future

    @property
    def _deep(self) -> bool:
        """Whether more goes into a stream than it takes at once."""
        return bool(self._plan and self._plan.depth > UNHINDERED)

    def health(self) -> EngineHealth:
        """Well while it runs and no stream hangs."""
        if not self._in_flight.is_open:
            return EngineHealth(ok=False, reason="not running")
        late_s = monotonic() - STALL_MS / 1000
        lanes = tuple(self._lanes.values())
        stalled = [lane.name.decode() for lane in lanes if lane.stalled or (lane.room < lane.depth and lane.moved_s < late_s)]
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

    def _dispatch(self) -> None:
        """Send what waits, as far as there is room."""
        if self._deep:
            with self._changed:
                self._changed.notify_all()
            return
        while lane := max(self._lanes.values(), key=_room, default=None):
            if not self._send_next(lane):
                return

    def _feed(self, lane: _Lane) -> None:
        """Send what waits, for as long as the engine runs."""
        while not self._closing:
            if not self._send_next(lane):
                with self._changed:
                    self._changed.wait_for(lambda: self._closing or (self._queue and lane.room))

    def _send_next(self, lane: _Lane) -> bool:
        """Send the oldest work that somebody still wants; False if there is none, or no room."""
        with lane.sending:
            taken = self._take(lane)
            if taken is None:
                return False
            work, image = taken
            queued_s = monotonic() - work.admitted_s
            unique_id = self._send(lane, image)
            if unique_id >= 0:
                lane.sent.put((work, unique_id, queued_s))
        if unique_id < 0:
            self._make_room(lane)
            work.answer(EngineUnavailable("The stream did not take the image in time.", "Try again in a moment."))
        return True

    def _take(self, lane: _Lane) -> tuple[Work, bytes] | None:
        with self._changed:
            while lane.room and self._queue and not self._closing:
                work = self._queue.popleft()
                if request := work.begin(now_s := monotonic()):
                    if lane.room == lane.depth:
                        lane.moved_s = now_s
                    lane.room -= 1
                    return work, request.image.data
        return None

    def _make_room(self, lane: _Lane) -> None:
        with self._changed:
            lane.room += 1
            lane.moved_s = monotonic()
            if self._closing:
                self._changed.notify_all()

    def _arrived(self, stream: str, _unique_id: int) -> None:
        """Take out the result that the runtime tells of; but for the warm-up's, which is waited for."""
        lane = self._lanes.get(stream.encode())
        if lane is None:
            return  # it hung, and the engine has closed meanwhile
        with lane.sending:  # it may be here before its sender has noted it
            sent = None if lane.sent.empty() else lane.sent.get()
        if sent:
            self._take_out(lane, *sent)

    def _take_out(self, lane: _Lane, work: Work, unique_id: int, queued_s: float) -> int:
        """Fetch a result, send what fits now, answer; returns the result's code."""
        output = self._fetch(lane, unique_id)
        self._make_room(lane)
        self._dispatch()
        stages_s = dict(lane.stages_s.pop(unique_id, {}))
        stages_s["queue"] = stages_s.get("queue", 0.0) + queued_s
        work.answer(read_answer(output.errorCode, output.data, self.score_type, stages_s))
        return int(output.errorCode)

    def _collect(self, lane: _Lane) -> None:
        while (sent := lane.sent.get()) is not None:
            code = self._take_out(lane, *sent)
            if code == Code.STREAM_TIMEOUT:
                lane.stalled = True
                logger.error("stream %s gave no result in %d ms", lane.name.decode(), STALL_MS)
                self._running.GetResultWithUniqueId(lane.name, sent[1], ORPHAN_MS)
            elif lane.stalled:
                lane.stalled = False

    def close(self, drain_s: float) -> None:
        """Answer what was taken, end the threads, and only then stop the streams: the vendor aborts under a waiter."""
        self._in_flight.close(drain_s, EngineUnavailable("The engine is closing."))
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        for lane in () if self._told else self._lanes.values():
            with lane.sending:  # what is being sent comes before the end
                lane.sent.put(None)
        give_up_s = monotonic() + drain_s + CLOSE_S
        for thread in self._threads:
            thread.join(max(0.0, give_up_s - monotonic()))
        with self._changed:
            empty = self._changed.wait_for(self._empty, max(0.0, give_up_s - monotonic()))
        if not empty or any(thread.is_alive() for thread in self._threads):
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

    def _empty(self) -> bool:
        return all(lane.room == lane.depth for lane in self._lanes.values())


def _room(lane: _Lane) -> int:
    return lane.room
