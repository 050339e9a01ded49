"""An engine without a model: deterministic answers after a settable time. For tests of the API and for the cost of the server."""

import threading
import zlib
from concurrent.futures import Future
from queue import SimpleQueue
from time import monotonic, sleep

from server.engines.base import BatchObserver, EngineHealth, EngineStatus, InferenceRequest, ignore_batch, single_status
from server.engines.work import InFlight, Work
from server.errors import EngineUnavailable, UndecodableImage
from server.types import ClassScore, EncodedImage, Prediction, ScoreType

CLASSES = 10


def fake_prediction(image: EncodedImage) -> Prediction:
    """The answer to an image: its best class is the CRC-32 of its bytes, modulo the classes."""
    first = zlib.crc32(image.data) % CLASSES
    order = [(first + step) % CLASSES for step in range(CLASSES)]
    total = 2.0 - 2.0 ** (1 - CLASSES)
    scores = tuple(ClassScore(class_id, f"class {class_id}", 2.0**-rank / total) for rank, class_id in enumerate(order))
    return Prediction(scores, "fake", stages_s={"infer": 0.0})


class FakeEngine:
    """One worker that takes `latency_s` an image and fails images that contain the bytes `b"FAKE-DAMAGE"`."""

    def __init__(self, capacity: int = 64, latency_s: float = 0.0) -> None:
        self.name = "fake"
        self.capacity = capacity
        self.score_type: ScoreType = "probability"
        self.on_batch: BatchObserver = ignore_batch
        self._latency_s = latency_s
        self._in_flight = InFlight(capacity)
        self._queue: SimpleQueue[Work | None] = SimpleQueue()
        self._worker: threading.Thread | None = None

    def start(self) -> None:
        """Start the worker."""
        self._worker = threading.Thread(target=self._run, name="fake-engine", daemon=True)
        self._worker.start()
        self._in_flight.open()

    def submit(self, request: InferenceRequest) -> Future[Prediction]:
        """Queue an image."""
        work = self._in_flight.admit(request)
        self._queue.put(work)
        return work.future

    def health(self) -> EngineHealth:
        """Well while it runs."""
        return EngineHealth(self._in_flight.is_open, "" if self._in_flight.is_open else "not running")

    def statuses(self) -> tuple[EngineStatus, ...]:
        """Its own."""
        return single_status(self)

    def _run(self) -> None:
        while (work := self._queue.get()) is not None:
            request = work.begin(monotonic())
            if request is None:
                continue
            if self._latency_s:
                sleep(self._latency_s)
            if b"FAKE-DAMAGE" in request.image.data:
                work.answer(UndecodableImage("The image is damaged."))
            else:
                work.answer(fake_prediction(request.image))

    def close(self, drain_s: float) -> None:
        """Answer what was taken for at most `drain_s`, fail the rest."""
        self._in_flight.close(drain_s, EngineUnavailable("The engine is closing."))
        if self._worker:
            self._queue.put(None)
            self._worker.join()
            self._worker = None
