"""The streams that hand out the network's whole output, one picture in each at a time.

What this rests on (the numbers are those of ascend.md, the files those of the Vision SDK 7.3):

- The post-process gives 16 classes at most (2.7), and mxpi_dataserialize writes of a tensor only where it lies (2.8, 2.9). The bytes are
  had from GetProtobuf, or from the GetResult that takes a sink and metadata keys: both copy them into the message (StreamManagerApi.cpp).
- Both want a stream that is sent to by SendData: a stream's first send fixes its mode, and by unique id there is no metadata (1.4). So
  these are streams of their own, which end behind mxpi_tensorinfer. A failed frame arrives as well, with its code (1.6).
- GetResult is used: it has a time-out, and tells a failed frame's code and text. GetProtobuf waits for ever, and tells a failed frame by
  an empty list (1.6). A binding that does not know the arguments raises, at the first picture.
- Results come in the order of the sends and bear no name (1.3). With one picture inside it cannot be another's; after a time-out nothing
  is sent until the late result is out. SendData never waits and never refuses (1.5), so what has to wait does so here.
- The streams are created with the others, before anything is sent. Every call reads the manager's table of streams without a lock, and
  CreateMultipleStreams and StopStream write it (MxStreamManager.cpp): none can be added or stopped while others run. A second manager
  has a table of its own (9), but to create streams with it turns the SDK's statistics off (MxStreamManager.cpp:260).

Valid Python 3.7 and the standard library only, since the vendor's Python reads it.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple

from server.engines.process.stream_lanes import STALL_MS, TIMED_OUT, StreamLanes, StreamRefused

LATE_MS = 1000  # between two looks for a late result
FAILURE = 1001  # of a GetResult that timed out, and of frames
NOTHING_CAME = b"exceed the time limit"


class ScoresStream(NamedTuple):
    """A stream whose network's output is asked for by the name of its mxpi_tensorinfer."""

    name: str
    sink: str
    key: str


class ScoresLanes:
    """Streams that are there already; a thread for each sends one picture, takes its result out, and goes on.

    The tokens, `picture` and `deliver` are those of StreamLanes; the data of a result is a serialized MxpiTensorPackageList, empty if
    there was none.
    """

    def __init__(
        self,
        manager: Any,  # noqa: ANN401 - the vendor's
        make_input: Callable[[], Any],
        streams: Sequence[ScoresStream],
        picture: Callable[[Any], bytes | None],
        deliver: Callable[[Any, int | None, bytes, Mapping[str, float]], None],
    ) -> None:
        self._manager = manager
        self._make_input = make_input
        self._streams = tuple(streams)
        self._picture = picture
        self._deliver = deliver
        self._waiting: SimpleQueue[Any] = SimpleQueue()  # of all of them
        self._stages_s: dict[str, Mapping[str, float]] = {}
        self._hanging = 0
        self._counting = threading.Lock()
        self._ending = False
        self._threads: list[threading.Thread] = []

    def warm_up(self, picture: bytes) -> Mapping[str, bytes]:
        """The result of a picture by stream; raises StreamRefused."""
        results = {}
        for stream in self._streams:
            try:
                code, data = self._run(stream, picture)
            except (TypeError, NotImplementedError):  # how a binding refuses arguments it does not know
                raise StreamRefused("This SDK's GetResult hands out no metadata, which the scores of all classes need.") from None
            if code:
                words = data.decode("utf-8", "replace").strip()
                raise StreamRefused(f"Stream {stream.name!r} fails its first picture with code {code}: {words}")
            results[stream.name] = data
        self._stages_s.clear()
        return results

    def start(self) -> None:
        """Take pictures from now on."""
        for stream in self._streams:
            thread = threading.Thread(target=self._work, args=(stream,), name=stream.name + "_work", daemon=True)
            self._threads.append(thread)
            thread.start()

    def send(self, token: Any) -> bool:  # noqa: ANN401
        """Hand a token to the first stream that is free, without waiting; False if there is no stream."""
        if self._streams:
            self._waiting.put((token, time.monotonic()))
        return bool(self._streams)

    def keep_stages(self, stream: str, stages_s: Mapping[str, float]) -> None:
        """Called by the runtime, before the result is there, with the seconds by stage of the picture in a stream of whatever kind."""
        if any(one.name == stream for one in self._streams):
            self._stages_s[stream] = stages_s

    def _work(self, stream: ScoresStream) -> None:
        while True:
            item = self._waiting.get()
            if item is None:
                return
            token, since_s = item
            picture = self._picture(token)
            if picture is None:
                self._deliver(token, None, b"", {})
                continue
            waited_s = time.monotonic() - since_s
            code, data = self._run(stream, picture)
            stages_s = dict(self._stages_s.pop(stream.name, {}))
            stages_s["queue"] = stages_s.get("queue", 0.0) + waited_s
            self._deliver(token, code, data, stages_s)
            if code == TIMED_OUT and not self._comes_late(stream):
                return

    def _run(self, stream: ScoresStream, picture: bytes) -> tuple[int, bytes]:
        data = self._make_input()
        data.data = picture
        code = int(self._manager.SendData(stream.name.encode(), 0, data))
        return (code, b"The stream does not take the picture.") if code else self._fetch(stream, STALL_MS)

    def _fetch(self, stream: ScoresStream, timeout_ms: int) -> tuple[int, bytes]:
        output = self._manager.GetResult(stream.name.encode(), stream.sink.encode(), [stream.key.encode()], timeout_ms)
        code = int(output.errorCode)
        if code:
            words = bytes(output.errorMsg)
            return (TIMED_OUT if code == FAILURE and NOTHING_CAME in words else code, words)
        messages = output.metadataVec
        return 0, bytes(messages[0].serializedMetadata) if len(messages) else b""

    def _comes_late(self, stream: ScoresStream) -> bool:
        """Take the late result out, which would pass for the next picture's; False if the end comes before it.

        While every stream hangs, what waits fails, so that it finds another engine, or its client an answer.
        """
        self._count(1)
        while not self._ending:
            if self._fetch(stream, LATE_MS)[0] != TIMED_OUT:
                self._count(-1)
                return True
            with contextlib.suppress(Empty):
                while self._hanging == len(self._streams) and not self._ending:
                    token, _ = self._waiting.get_nowait()
                    self._deliver(token, TIMED_OUT, b"The streams of scores give no result.", {})
        return False

    def _count(self, more: int) -> None:
        with self._counting:
            self._hanging += more

    def close(self, lanes: StreamLanes, within_s: float) -> bool:
        """End these and the others, whose manager it is, and only then stop the streams of both; False if one hangs, which is left."""
        give_up_s = time.monotonic() + within_s
        self._ending = True
        for _ in self._threads:
            self._waiting.put(None)
        for thread in self._threads:
            thread.join(max(0.0, give_up_s - time.monotonic()))
        others_ended = lanes.end(max(0.0, give_up_s - time.monotonic()))
        if not others_ended or self._hanging or any(thread.is_alive() for thread in self._threads):
            return False
        lanes.stop()
        for stream in self._streams:
            self._manager.StopStream(stream.name.encode())
        return True
