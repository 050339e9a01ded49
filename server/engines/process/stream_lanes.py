"""The vendor's rules for driving streams, for an engine in this process and for the child with the vendor's Python.

- Each stream is a lane with a lock for its sends, because SendDataWithUniqueId counts ids without a lock.
- Every result is fetched promptly and in order, because at most ten may be unclaimed. A thread of the lane fetches it; or, if the runtime
reports results, the stream's own thread does, which saves two thread switches per image.
- A send may wait once UNHINDERED images are inside, so deeper lanes, which form batches, have a thread for their sends.
- At the end every waiting thread returns before a stream is stopped: StopStream with a waiting thread aborts the process.

Only Python 3.7 and the standard library, because the vendor's Python imports this module.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from queue import SimpleQueue
from typing import Any

STALL_MS = 60_000  # far above the worst latency: if a result takes longer, the stream hangs
ORPHAN_MS = 10  # a late result keeps a place in the vendor's table until it is claimed, so the lane asks once more
UNHINDERED = 2  # images that the vendor's appsrc takes without a wait
TIMED_OUT = 6010
NOT_SENT = -1  # the code, without a text, of an image that a stream refused; with a text it means a failed inference


STREAM = "stream"
"""The one stage that is known of the vendor's engine: from the send of an image to its result."""


class StreamRefused(Exception):
    """A stream refuses its first picture; the message is for the person who started the server."""


class Lane:
    """One stream: its free places, its unsent and sent images, and the seconds per stage of each image."""

    def __init__(self, name: str, depth: int) -> None:
        self.name = name.encode()
        self.room = depth  # guarded by the lock of all lanes, as the next
        self.slow = 0  # images inside that take long to decode
        self.sending = threading.Lock()
        self.waiting: SimpleQueue[Any] = SimpleQueue()
        self.sent: SimpleQueue[Any] = SimpleQueue()
        self.stages_s: dict[int, Mapping[str, float]] = {}
        self.sent_s: dict[int, float] = {}  # when each image inside was sent


class StreamLanes:
    """Drives the existing streams of one pipeline; each holds up to `depth` images.

    `send` takes a token. `picture(token)` returns its bytes just before the send, or None if the request was cancelled.
    `is_slow(token)` tells whether it takes long to decode; nothing waits behind such an image as long as another stream has room.
    `deliver(token, code, data, stages_s)` is called once per token, with the vendor's code, or with None if it was cancelled.
    """

    def __init__(
        self,
        manager: Any,  # noqa: ANN401 - the vendor's
        make_input: Callable[[], Any],
        names: Sequence[str],
        depth: int,
        picture: Callable[[Any], bytes | None],
        deliver: Callable[[Any, int | None, bytes, Mapping[str, float]], None],
        is_slow: Callable[[Any], bool] = lambda _: False,
    ) -> None:
        self._manager = manager
        self._make_input = make_input
        self._depth = depth
        self._picture = picture
        self._deliver = deliver
        self._is_slow = is_slow
        self._lanes = {name.encode(): Lane(name, depth) for name in names}
        self._changed = threading.Condition()  # guards every lane's room
        self._threads: list[threading.Thread] = []
        self.streams = len(self._lanes)
        self.places = depth * self.streams

    def warm_up(self, picture: bytes) -> Mapping[str, bytes]:
        """The results of a picture by stream; raises StreamRefused."""
        results = {}
        for lane in self._lanes.values():
            name = lane.name.decode()
            unique_id = self._send_now(lane, picture)
            if unique_id < 0:
                raise StreamRefused(f"Stream {name!r} does not take a picture.")
            output = self._fetch(lane, unique_id, STALL_MS)
            data = bytes(output.data)
            if output.errorCode:
                words = data.decode("utf-8", "replace").strip()
                raise StreamRefused(f"Stream {name!r} fails on its first picture with code {int(output.errorCode)}: {words}")
            results[name] = data
            lane.stages_s.clear()
            lane.sent_s.clear()
        return results

    def start(self, told: bool = False) -> None:  # noqa: FBT001, FBT002
        """Take pictures from now on."""
        self._told = told
        for lane in () if told else self._lanes.values():
            for work in (self._feed, self._collect) if self._deep else (self._collect,):
                thread = threading.Thread(target=work, args=(lane,), name=lane.name.decode() + work.__name__, daemon=True)
                self._threads.append(thread)
                thread.start()

    @property
    def _deep(self) -> bool:
        return self._depth > UNHINDERED

    def send(self, token: Any) -> bool:  # noqa: ANN401
        """Give a token to the stream with most room, without waiting; returns False if no stream has room."""
        slow = self._is_slow(token)
        with self._changed:
            lane = max(self._lanes.values(), key=_preference)
            if not lane.room:
                return False
            lane.room -= 1
            lane.slow += slow
        if self._deep:
            lane.waiting.put((token,))
        else:
            self._send(lane, token)
        return True

    def _send(self, lane: Lane, token: Any) -> None:  # noqa: ANN401
        picture = self._picture(token)
        if picture is None:
            self._over(lane, token, None, b"", {})
            return
        with lane.sending:
            unique_id = self._send_now(lane, picture, slow=self._is_slow(token))
            if unique_id >= 0:
                lane.sent.put((token, unique_id))
        if unique_id < 0:
            self._over(lane, token, NOT_SENT, b"", {})

    def _send_now(self, lane: Lane, picture: bytes, *, slow: bool = False) -> int:
        now_s = time.monotonic()
        unique_id = int(self._manager.SendDataWithUniqueId(lane.name, 0, filled(self._make_input(), picture, slow=slow)))
        lane.sent_s[unique_id] = now_s
        return unique_id

    def _fetch(self, lane: Lane, unique_id: int, timeout_ms: int) -> Any:  # noqa: ANN401 - the vendor's struct
        return self._manager.GetResultWithUniqueId(lane.name, unique_id, timeout_ms)

    def _over(self, lane: Lane, token: Any, code: int | None, data: bytes, stages_s: Mapping[str, float]) -> None:  # noqa: ANN401
        slow = self._is_slow(token)
        with self._changed:
            lane.room += 1
            lane.slow -= slow
            self._changed.notify_all()
        self._deliver(token, code, data, stages_s)

    def keep_stages(self, stream: str, unique_id: int, stages_s: Mapping[str, float]) -> None:
        """Called by the runtime before the result, with the seconds per stage of an image."""
        lane = self._lanes.get(stream.encode())
        if lane:
            lane.stages_s[unique_id] = stages_s

    def arrived(self, stream: str, _unique_id: int) -> None:
        """Take out a result that the runtime reports; not for the first picture, whose result is awaited."""
        lane = self._lanes[stream.encode()]
        with lane.sending:  # the result may come before its sender has recorded it
            sent = None if lane.sent.empty() else lane.sent.get()
        if sent:
            self._take_out(lane, *sent)

    def _take_out(self, lane: Lane, token: Any, unique_id: int) -> int:  # noqa: ANN401
        output = self._fetch(lane, unique_id, STALL_MS)
        code = int(output.errorCode)
        took_s = time.monotonic() - lane.sent_s.pop(unique_id, time.monotonic())
        self._over(lane, token, code, output.data, lane.stages_s.pop(unique_id, {}) or {STREAM: took_s})
        return code

    def _feed(self, lane: Lane) -> None:
        while True:
            item = lane.waiting.get()
            if item is None:
                lane.sent.put(None)
                return
            self._send(lane, *item)

    def _collect(self, lane: Lane) -> None:
        while True:
            sent = lane.sent.get()
            if sent is None:
                return
            if self._take_out(lane, *sent) == TIMED_OUT:
                self._fetch(lane, sent[1], ORPHAN_MS)

    def close(self, within_s: float) -> bool:
        """Let all images come out and every thread return, and only then stop the streams; returns False, without a stop, if one hangs."""
        ended = self.end(within_s)
        if ended:
            self.stop()
        return ended

    def end(self, within_s: float) -> bool:
        """Let all images come out and every thread return; returns False if a thread does not."""
        give_up_s = time.monotonic() + within_s
        for lane in self._lanes.values():
            if self._deep:
                lane.waiting.put(None)
            else:
                with lane.sending:  # images in a send go before the end
                    lane.sent.put(None)
        for thread in self._threads:
            thread.join(max(0.0, give_up_s - time.monotonic()))
        with self._changed:
            empty = self._changed.wait_for(self._empty, max(0.0, give_up_s - time.monotonic()))
        return empty and not any(thread.is_alive() for thread in self._threads)

    def stop(self) -> None:
        """Stop the streams; no thread may wait in them."""
        for lane in self._lanes.values():
            self._manager.StopStream(lane.name)

    def _empty(self) -> bool:
        return all(lane.room == self._depth for lane in self._lanes.values())


def filled(data: Any, picture: bytes, *, slow: bool) -> Any:  # noqa: ANN401 - the vendor's struct
    """The input of a stream, with its picture. The CPU runtime reads `slow`, and decodes at a lower priority; the vendor's does not."""
    data.data = picture
    if slow:
        data.slow = True
    return data


def _preference(lane: Lane) -> float:
    """Its room; a stream with an image that takes long is taken last."""
    return min(lane.room, 0.5) if lane.slow else lane.room
