"""Drives StreamManagerApi in a process of its own, for the server at the other end of a socket.

Valid Python 3.7 and the standard library only: the vendor's module decides which Python runs this (ENGINE_PYTHON). The rules it
keeps are the vendor's: one thread sends into a stream, since its counter of ids has no lock; every id is fetched at once, by one
thread a stream; an id that timed out is fetched once more; a stream is stopped only when nobody waits in it; a failed InitManager
ends the process.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import signal
import socket
import sys
import threading
import traceback
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any

from server.engines.process.protocol import BATCH, REFUSED, RESULT, STARTED, Message, receive_message, send_message

STALL_MS = 60_000  # far above the worst latency: a result later than this means the stream hangs
ORPHAN_MS = 10  # a late result keeps a place in the vendor's table until it is claimed, so it is asked for once more
CLOSE_S = 10.0  # what the images in the streams may take to come out
TIMED_OUT = 6010
NOT_SENT = -1
BROKEN = 70  # the exit code when a thread of the driver failed, or a stream hangs at the end


class CannotStart(Exception):
    """Why, in the words for the person who started the server."""


class Lane:
    """One stream, the thread that sends into it, and the one that fetches from it."""

    def __init__(self, name: str, depth: int) -> None:
        self.name = name
        self.room = depth  # guarded by the driver's lock
        self.waiting: SimpleQueue[Any] = SimpleQueue()
        self.sent: SimpleQueue[Any] = SimpleQueue()


class StreamChild:
    """The streams of one pipeline, between a socket and the vendor's module."""

    def __init__(self, sock: socket.socket, config: dict[str, Any]) -> None:
        self._socket = sock
        self._config = config
        self._lock = threading.Lock()  # of the socket and of every lane's room
        self._lanes = [Lane(name, config["depth"]) for name in config["streams"]]
        self._threads: list[threading.Thread] = []
        self._manager: Any = None
        self._input: Callable[[], Any] = object
        self._take_stages: Any = None

    def start(self) -> None:
        """Create the streams and send the first picture through each; raises CannotStart."""
        sys.path[:0] = self._config["path"]
        try:
            module = importlib.import_module(self._config["module"])
        except ImportError as error:
            raise CannotStart(f"{sys.executable} cannot import {self._config['module']}: {error}.") from None
        self._input = module.MxDataInput
        if hasattr(module, "Observed"):
            observed = module.Observed(self._config["options"], self._tell_batch)
            self._manager, self._take_stages = observed.manager, observed.take_stages
        else:
            self._manager = module.StreamManagerApi()
        code = self._manager.InitManager()
        if code:
            raise CannotStart(f"InitManager failed with {int(code)}. Look into the SDK's log.")
        code = self._manager.CreateMultipleStreams(self._config["pipeline"].encode())
        if code:
            reason = getattr(self._manager, "last_error", None) or "The SDK's log says why."
            raise CannotStart(f"The streams cannot be created (code {int(code)}). {reason}")

    def warm_up(self, picture: bytes) -> None:
        """Send a picture through each stream; raises CannotStart."""
        for lane in self._lanes:
            unique_id = self._send(lane, picture)
            if unique_id < 0:
                raise CannotStart(f"Stream {lane.name!r} does not take a picture.")
            output = self._manager.GetResultWithUniqueId(lane.name.encode(), unique_id, STALL_MS)
            if output.errorCode:
                words = bytes(output.data).decode("utf-8", "replace").strip()
                raise CannotStart(f"Stream {lane.name!r} fails its first picture with code {int(output.errorCode)}: {words}")
            self._stages(lane, unique_id)

    def run(self) -> None:
        """Answer images until the server closes."""
        self._tell(STARTED, 0, {"places": len(self._lanes) * self._config["depth"]})
        for lane in self._lanes:
            for work in (self._feed, self._collect):
                thread = threading.Thread(target=_or_end, args=(work, lane), name=lane.name + work.__name__, daemon=True)
                self._threads.append(thread)
                thread.start()
        while True:
            try:
                frame = receive_message(self._socket)
            except OSError:
                return
            if frame is None:
                return
            self._take(frame)

    def _take(self, frame: Message) -> None:
        with self._lock:
            lane = max(self._lanes, key=_room)
            lane.room -= 1
        lane.waiting.put((frame.number, frame.body))

    def _send(self, lane: Lane, picture: bytes) -> int:
        data = self._input()
        data.data = picture
        return int(self._manager.SendDataWithUniqueId(lane.name.encode(), 0, data))

    def _feed(self, lane: Lane) -> None:
        while True:
            image = lane.waiting.get()
            if image is None:
                lane.sent.put(None)
                return
            number, picture = image
            unique_id = self._send(lane, picture)
            if unique_id >= 0:
                lane.sent.put((number, unique_id))
            else:
                self._answer(lane, number, NOT_SENT, b"", {})

    def _collect(self, lane: Lane) -> None:
        while True:
            sent = lane.sent.get()
            if sent is None:
                return
            number, unique_id = sent
            output = self._manager.GetResultWithUniqueId(lane.name.encode(), unique_id, STALL_MS)
            self._answer(lane, number, int(output.errorCode), output.data, self._stages(lane, unique_id))
            if output.errorCode == TIMED_OUT:
                self._manager.GetResultWithUniqueId(lane.name.encode(), unique_id, ORPHAN_MS)

    def _stages(self, lane: Lane, unique_id: int) -> dict[str, float]:
        return dict(self._take_stages(lane.name, unique_id)) if self._take_stages else {}

    def _answer(self, lane: Lane, number: int, code: int, data: bytes, stages_s: dict[str, float]) -> None:
        with self._lock:
            lane.room += 1
        self._tell(RESULT, number, {"code": code, "stages_s": stages_s}, data)

    def _tell_batch(self, images: int, padding: int) -> None:
        if self._threads:  # not of the warm-up
            self._tell(BATCH, 0, {"images": images, "padding": padding})

    def _tell(self, kind: int, number: int, meta: dict[str, Any], body: bytes = b"") -> None:
        with self._lock, contextlib.suppress(OSError):  # the server is gone, which its reader finds out
            send_message(self._socket, kind, number, meta, body)

    def close(self) -> None:
        """Let what was taken come out and every waiter return, and only then stop the streams."""
        for lane in self._lanes:
            lane.waiting.put(None)
        for thread in self._threads:
            thread.join(CLOSE_S)
        if any(thread.is_alive() for thread in self._threads):
            _end("a stream hangs")
        for lane in self._lanes:
            self._manager.StopStream(lane.name.encode())
        self._manager.DestroyAllStreams()


def _room(lane: Lane) -> int:
    return lane.room


def _or_end(work: Callable[[Lane], None], lane: Lane) -> None:
    """Run a thread of the driver; without it the driver would hang, so its failure ends the process."""
    try:
        work(lane)
    except BaseException:
        _end(traceback.format_exc())


def _end(words: str) -> None:
    sys.stderr.write(words + "\n")
    sys.stderr.flush()
    os._exit(BROKEN)  # not sys.exit: the vendor's destructors would wait for what hangs


def main() -> None:
    """Serve the socket whose number is the second argument; the first is the folder this was imported from."""
    del sys.path[0]  # the vendor's Python keeps its own packages
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # sent to a whole group; the server says when to end
    sock = socket.socket(fileno=int(sys.argv[2]))
    frame = receive_message(sock)
    if frame is None:
        return
    driver = StreamChild(sock, frame.meta)
    try:
        driver.start()
        driver.warm_up(frame.body)
    except CannotStart as error:
        send_message(sock, REFUSED, 0, {"message": str(error), "remedy": ""})
        os._exit(0)  # after a failed InitManager nothing of the SDK is to be touched
    driver.run()
    driver.close()
