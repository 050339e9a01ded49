"""The streams that return the network's whole output; each holds one picture at a time.

Reasons for this design (numbers refer to ascend.md, files to the Vision SDK 7.3):

- The post-process returns at most 16 classes (2.7), and mxpi_dataserialize writes only the address of a tensor (2.8, 2.9). Only
GetProtobuf, and the GetResult with a sink and metadata keys, copy the bytes into the message (StreamManagerApi.cpp).
- Both need a stream with SendData: the first send fixes a stream's mode, and by unique id there is no metadata (1.4). So
these are separate streams, which end after mxpi_tensorinfer. A failed frame arrives too, with its code (1.6).
- This module uses GetResult: it has a timeout and returns a failed frame's code and text. GetProtobuf waits for ever and returns
an empty list for a failed frame (1.6). A binding that does not know the arguments raises at the first picture.
- Results come in the order of the sends, without a name (1.3). With one picture inside, a result cannot belong to another picture.
After a timeout nothing is sent until the late result has come out. SendData never waits or refuses (1.5), so the waiting happens here.
- These streams are created with the others, before the first send. Every call reads the manager's table of streams without a lock, and
CreateMultipleStreams and StopStream write to it (MxStreamManager.cpp): no stream may be added or stopped while others run. A second
manager has its own table (9), but creating streams with it turns off the SDK's statistics (MxStreamManager.cpp:260).

Only Python 3.7 and the standard library, because the vendor's Python imports this module.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple

from server.engines.process.stream_lanes import STALL_MS, STREAM, TIMED_OUT, StreamLanes, StreamRefused, filled

LATE_MS = 1000  # between two polls for a late result
FAILURE = 1001  # the code of a GetResult after a timeout, and of failed frames
NOTHING_CAME = b"exceed the time limit"


class ScoresStream(NamedTuple):
    """A stream whose network output is requested by the name of its mxpi_tensorinfer."""

    name: str
    sink: str
    key: str


class ScoresLanes:
    """Drives existing streams; a thread per stream sends one picture, takes its result out, and continues.

    The tokens, `picture`, `deliver` and `is_slow` are those of StreamLanes; the data of a result is a serialized
    MxpiTensorPackageList, empty if there was no result.
    """

    def __init__(
        self,
        manager: Any,  # noqa: ANN401 - the vendor's
        make_input: Callable[[], Any],
        streams: Sequence[ScoresStream],
        picture: Callable[[Any], bytes | None],
        deliver: Callable[[Any, int | None, bytes, Mapping[str, float]], None],
        is_slow: Callable[[Any], bool] = lambda _: False,
    ) -> None:
        self._manager = manager
        self._make_input = make_input
        self._streams = tuple(streams)
        self._picture = picture
        self._deliver = deliver
        self._is_slow = is_slow
        self._waiting: SimpleQueue[Any] = SimpleQueue()  # the queue of all streams
        self._stages_s: dict[str, Mapping[str, float]] = {}
        self._hanging = 0
        self._counting = threading.Lock()
        self._ending = False
        self._threads: list[threading.Thread] = []

    def warm_up(self, picture: bytes) -> Mapping[str, bytes]:
        """The results of a picture by stream; raises StreamRefused."""
        results = {}
        for stream in self._streams:
            try:
                code, data = self._run(stream, picture)
            except (TypeError, NotImplementedError):  # so a binding refuses unknown arguments
                raise StreamRefused("This SDK's GetResult does not return metadata, which the scores of all classes need.") from None
            if code:
                words = data.decode("utf-8", "replace").strip()
                raise StreamRefused(f"Stream {stream.name!r} fails on its first picture with code {code}: {words}")
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
        """Give a token to the first free stream, without waiting; returns False if there is no stream."""
        if self._streams:
            self._waiting.put((token, time.monotonic()))
        return bool(self._streams)

    def keep_stages(self, stream: str, stages_s: Mapping[str, float]) -> None:
        """Called by the runtime before the result, with the seconds per stage of the picture; the stream may be of either kind."""
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
            sent_s = time.monotonic()
            code, data = self._run(stream, picture, slow=self._is_slow(token))
            stages_s = dict(self._stages_s.pop(stream.name, {}) or {STREAM: time.monotonic() - sent_s})
            stages_s["queue"] = stages_s.get("queue", 0.0) + waited_s
            self._deliver(token, code, data, stages_s)
            if code == TIMED_OUT and not self._comes_late(stream):
                return

    def _run(self, stream: ScoresStream, picture: bytes, *, slow: bool = False) -> tuple[int, bytes]:
        code = int(self._manager.SendData(stream.name.encode(), 0, filled(self._make_input(), picture, slow=slow)))
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
        """Take the late result out, because it would count as the next picture's; returns False if the end comes first.

        While every stream hangs, waiting works fail, so that they go to another engine or get an error.
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
        """End these lanes and the others of the manager, and only then stop all streams; returns False, without a stop, if one hangs."""
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
