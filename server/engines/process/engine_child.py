"""The child that hosts one engine of this tree, for the server at the other end of a socket."""

import contextlib
import importlib
import signal
import socket
import sys
import threading
from concurrent.futures import CancelledError, Future
from typing import Any

from models.model_errors import ClassifyError
from server.engines.base import Engine, InferenceRequest
from server.engines.process.protocol import BATCH, REFUSED, RESULT, STARTED, Message, receive_message, send_message
from server.errors import EngineFailed, EngineUnavailable, ServiceError
from server.types import EncodedImage, ImageFormat, Prediction

CLOSE_S = 10.0


class EngineChild:
    """One engine between a socket and itself."""

    def __init__(self, sock: socket.socket, engine: Engine) -> None:
        self._socket = sock
        self._engine = engine
        self._writing = threading.Lock()

    def run(self) -> None:
        """Answer images until the server closes."""
        while (frame := receive_message(self._socket)) is not None:
            self._take(frame)
        self._engine.close(CLOSE_S)

    def tell_batch(self, images: int, padding: int) -> None:
        """Of one run of the model."""
        with self._writing, contextlib.suppress(OSError):
            send_message(self._socket, BATCH, 0, {"images": images, "padding": padding})

    def _take(self, frame: Message) -> None:
        request_id, deadline_s, kind, width_px, height_px, orientation = frame.meta
        image = EncodedImage(frame.body, ImageFormat(kind), width_px, height_px, orientation)
        try:
            future = self._engine.submit(InferenceRequest(image, request_id, deadline_s))
        except ServiceError as error:
            self._answer(frame.number, error)
        else:
            future.add_done_callback(lambda done: self._answer(frame.number, outcome_of(done)))

    def _answer(self, number: int, outcome: Prediction | ServiceError) -> None:
        with self._writing, contextlib.suppress(OSError):  # the server is gone, which the reader finds out
            send_message(self._socket, RESULT, number, words_of(outcome))


def outcome_of(done: Future[Prediction]) -> Prediction | ServiceError:
    """How a future ended."""
    try:
        return done.result()
    except ServiceError as error:
        return error
    except CancelledError:
        return EngineUnavailable("The engine closed before the image was answered.")
    except Exception as error:
        return EngineFailed(f"The engine failed: {error!r}.")


def words_of(outcome: Prediction | ServiceError) -> dict[str, Any]:
    """An outcome in JSON, which keeps every bit of a score."""
    if isinstance(outcome, ServiceError):
        return {"error": outcome.code, "message": outcome.message, "remedy": outcome.remedy}
    return {
        "scores": outcome.scores,
        "engine": outcome.engine,
        "score_type": outcome.score_type,
        "stages_s": dict(outcome.stages_s),
    }


def main() -> None:
    """Serve the socket whose number is the second argument."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # sent to a whole group; the server says when to end
    sock = socket.socket(fileno=int(sys.argv[2]))
    frame = receive_message(sock)
    if frame is None:
        return
    module, _, name = frame.meta["factory"].partition(":")
    engine: Engine = getattr(importlib.import_module(module), name)(**frame.meta["arguments"])
    try:
        engine.start()
    except ClassifyError as error:
        send_message(sock, REFUSED, 0, {"message": error.message, "remedy": error.remedy})
        return
    send_message(sock, STARTED, 0, {"places": frame.meta["places"]})
    host = EngineChild(sock, engine)
    engine.on_batch = host.tell_batch
    host.run()
