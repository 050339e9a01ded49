"""Drives StreamManagerApi in its own process; a socket connects it to the server.

Only Python 3.7 and the standard library: the vendor's module decides which Python runs this (ENGINE_PYTHON). The driver
itself is stream_lanes.py. A failed InitManager ends the process.
"""

from __future__ import annotations

import base64
import contextlib
import importlib
import os
import signal
import socket
import sys
import threading
from typing import Any

from server.engines.process.protocol import (
    BATCH,
    FULL,
    REFUSED,
    RESULT,
    SLOW,
    STARTED,
    Message,
    receive_all,
    receive_message,
    receive_socket,
    send_message,
)
from server.engines.process.scores_lanes import ScoresLanes, ScoresStream
from server.engines.process.stream_lanes import NOT_SENT, UNHINDERED, StreamLanes, StreamRefused

CLOSE_S = 10.0  # so long the images in the streams may take to come out
BROKEN = 70  # the exit code if a stream hangs at the end


class CannotStart(Exception):
    """The reason, as a message for the person who started the server."""


class StreamChild:
    """Connects the streams of one pipeline (the vendor's module) with the sockets of the server."""

    def __init__(self, sock: socket.socket, large: socket.socket, config: dict[str, Any]) -> None:
        self._socket, self._large = sock, large
        self._config = config
        self._writing = threading.Lock()
        self._running = False
        self._manager: Any = None
        self._lanes: Any = None
        self._scores: Any = None
        self._told = False  # whether the runtime reports results
        self._decoder = {"turns": False, "webp": False, "damage": False}  # what it can, as STARTED says it; the vendor's none of it

    def start(self, picture: bytes) -> None:
        """Create the streams and send the warm-up picture through each; raises CannotStart."""
        sys.path[:0] = self._config["path"]
        try:
            module = importlib.import_module(self._config["module"])
        except ImportError as error:
            raise CannotStart(f"{sys.executable} cannot import {self._config['module']}: {error}.") from None
        if hasattr(module, "open_observed"):  # the CPU runtime, which reports more than the vendor's engine
            self._told = self._config["depth"] <= UNHINDERED and not self._config["options"].get("strict")
            arrived = self._arrived if self._told else None
            self._decoder.update(turns=module.turns_pictures(), webp=not self._config["options"].get("strict"))
            self._manager = module.open_observed(self._config["options"], self._keep_stages, self._tell_batch, arrived)
        else:
            self._manager = module.StreamManagerApi()
        code = self._manager.InitManager()
        if code:
            raise CannotStart(f"InitManager failed with {int(code)}.")
        code = self._manager.CreateMultipleStreams(self._config["pipeline"].encode())
        if code:
            reason = getattr(self._manager, "last_error", None) or ""  # the vendor's manager does not have it
            raise CannotStart(f"The streams cannot be created (code {int(code)}). {reason}".rstrip())
        streams, depth = self._config["streams"], self._config["depth"]
        self._lanes = StreamLanes(self._manager, module.MxDataInput, streams, depth, _picture, self._answer, _is_slow)
        scores = [ScoresStream(*stream) for stream in self._config["scores"]]
        self._scores = ScoresLanes(self._manager, module.MxDataInput, scores, _picture, self._answer, _is_slow)
        try:
            self._lanes.warm_up(picture)
            self._scores.warm_up(picture)
        except StreamRefused as error:
            raise CannotStart(str(error)) from None
        try:
            self._lanes.warm_up(base64.b64decode(self._config["damaged"]))
        except StreamRefused:
            self._decoder["damage"] = True

    def run(self) -> None:
        """Answer images until the server closes the sockets."""
        self._lanes.start(self._told)
        self._scores.start()
        self._running = True
        found = {"places": self._lanes.places, "decoders": self._lanes.streams}
        found.update(self._decoder)
        self._send(STARTED, 0, found)
        with contextlib.suppress(OSError):
            receive_all(self._socket, self._large, self._take)

    def _take(self, message: Message) -> None:
        lanes = self._scores if FULL in message.meta else self._lanes
        if not lanes.send(message):
            self._answer(message, NOT_SENT, b"", {})

    def _arrived(self, stream: str, unique_id: int) -> None:
        if self._lanes and self._running:  # not for the warm-up pictures, which are awaited
            self._lanes.arrived(stream, unique_id)

    def _keep_stages(self, stream: str, unique_id: int, stages_s: dict[str, float]) -> None:
        if self._lanes:
            self._lanes.keep_stages(stream, unique_id, stages_s)
        if self._scores:
            self._scores.keep_stages(stream, stages_s)

    def _answer(self, message: Message, code: int | None, data: bytes, stages_s: Any) -> None:  # noqa: ANN401 - a mapping
        self._send(RESULT, message.number, {"code": code, "stages_s": dict(stages_s), "full": FULL in message.meta}, data)

    def _tell_batch(self, images: int, padding: int) -> None:
        if self._running:  # not for the warm-up picture
            self._send(BATCH, 0, {"images": images, "padding": padding})

    def _send(self, kind: int, number: int, meta: dict[str, Any], body: bytes = b"") -> None:
        with self._writing, contextlib.suppress(OSError):  # if the server has ended, the reader notices it
            send_message(self._socket, kind, number, meta, body)

    def close(self) -> None:
        """Let the images come out, and only then stop the streams."""
        if not self._scores.close(self._lanes, CLOSE_S):
            sys.stderr.write("a stream hangs\n")
            sys.stderr.flush()
            os._exit(BROKEN)  # not sys.exit: the vendor's destructors would wait for the hanging stream
        self._manager.DestroyAllStreams()


def _picture(message: Message) -> bytes:
    return message.body


def _is_slow(message: Message) -> bool:
    return SLOW in message.meta


def main() -> None:
    """Serve the socket whose number is the second argument; the first is the folder of this project."""
    del sys.path[0]  # the vendor's Python keeps its own packages
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # a signal may go to the whole group; the server says when to end
    sock = socket.socket(fileno=int(sys.argv[2]))
    large, start = receive_socket(sock), receive_message(sock)
    if large is None or start is None:
        return
    child = StreamChild(sock, large, start.meta)
    try:
        child.start(start.body)
    except CannotStart as error:
        send_message(sock, REFUSED, 0, {"message": str(error), "remedy": ""})
        os._exit(0)  # after a failed InitManager no more SDK code may run
    child.run()
    child.close()
