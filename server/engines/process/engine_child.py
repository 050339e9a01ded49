"""The child process that runs one engine of this project; a socket connects it to the server."""

import contextlib
import importlib
import signal
import socket
import sys
import threading
from typing import Any

from models.model_errors import ClassifyError
from server.engines.base import Engine
from server.engines.process.protocol import (
    BATCH,
    REFUSED,
    RESULT,
    STARTED,
    Message,
    receive_all,
    receive_message,
    receive_socket,
    send_message,
)
from server.engines.work import InferenceRequest, Work
from server.errors import DeadlineExceeded, EngineUnavailable, ServiceError
from server.types import EncodedImage, ImageFormat, Prediction

CLOSE_S = 10.0


class EngineChild:
    """Connects one engine with the sockets of its server."""

    def __init__(self, sock: socket.socket, large: socket.socket, engine: Engine) -> None:
        self._socket, self._large = sock, large
        self._engine = engine
        self._writing = threading.Lock()
        self._numbers: dict[Work, int] = {}
        self._changed = threading.Condition()  # guards the numbers
        engine.on_answer = self._answer

    def run(self) -> None:
        """Answer images until the server closes the sockets."""
        self._engine.on_batch = self._tell_batch  # set now, so that the warm-up picture is not reported
        receive_all(self._socket, self._large, self._take)
        with self._changed:
            self._changed.wait_for(lambda: not self._numbers, CLOSE_S)
        self._engine.close()

    def _tell_batch(self, images: int, padding: int) -> None:
        self._send(BATCH, 0, {"images": images, "padding": padding})

    def _take(self, message: Message) -> None:
        request_id, deadline_s, kind, width_px, height_px, orientation, decode_s, scores = message.meta
        image = EncodedImage(message.body, ImageFormat(kind), width_px, height_px, orientation, decode_s)
        work = Work(InferenceRequest(image, request_id, deadline_s, scores))
        with self._changed:
            self._numbers[work] = message.number
        try:
            self._engine.take(work)
        except EngineUnavailable as error:
            self._answer(work, error)

    def _answer(self, work: Work, outcome: Prediction | ServiceError | None) -> None:
        with self._changed:
            number = self._numbers.pop(work, None)
            self._changed.notify_all()
        if number is None:  # the warm-up picture
            return
        outcome = outcome or DeadlineExceeded("The request timed out before its image was decoded.", "Ask for more time or try later.")
        body = outcome.all_scores if isinstance(outcome, Prediction) else None
        self._send(RESULT, number, words_of(outcome), body or b"")

    def _send(self, kind: int, number: int, meta: dict[str, Any], body: bytes = b"") -> None:
        with self._writing, contextlib.suppress(OSError):  # if the server has ended, the reader notices it
            send_message(self._socket, kind, number, meta, body)


def words_of(outcome: Prediction | ServiceError) -> dict[str, Any]:
    """An outcome as JSON, which keeps every bit of a score; the scores of all classes go into the body."""
    if isinstance(outcome, ServiceError):
        return {"error": outcome.code, "message": outcome.message, "remedy": outcome.remedy}
    return {
        "scores": outcome.scores,
        "engine": outcome.engine,
        "score_type": outcome.score_type,
        "stages_s": dict(outcome.stages_s),
    }


def main() -> None:
    """Run the engine on the socket whose number is the second argument."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # a signal may go to the whole group; the server says when to end
    sock = socket.socket(fileno=int(sys.argv[2]))
    large, start = receive_socket(sock), receive_message(sock)
    if large is None or start is None:
        return
    module, _, name = start.meta["factory"].partition(":")
    engine: Engine = getattr(importlib.import_module(module), name)(**start.meta["arguments"])
    child = EngineChild(sock, large, engine)
    try:
        engine.start()
    except ClassifyError as error:
        send_message(sock, REFUSED, 0, {"message": error.message, "remedy": error.remedy})
        return
    decoder = {"decoders": engine.decoders, "turns": engine.turns_pictures, "webp": engine.reads_webp, "damage": True}
    send_message(sock, STARTED, 0, {"places": engine.places, **decoder})
    child.run()
