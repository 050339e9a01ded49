"""An engine without a model: fixed answers after a configured time. For tests of the API and for measurements of the server."""

import threading
import zlib
from functools import cache
from queue import SimpleQueue
from time import monotonic, sleep

from server.engines.all_scores import packed
from server.engines.base import AnswerObserver, BatchObserver, EngineHealth, ignore_answer, ignore_batch
from server.engines.work import Work
from server.errors import EngineUnavailable, ServiceError, UndecodableImage
from server.types import ClassScore, EncodedImage, Prediction, Scores, ScoreType

CLASSES = 10
READ_BYTES = 4096
"""What the engine reads of an image, from its end: it should add nothing to what is measured."""


def fake_prediction(image: EncodedImage, wanted: Scores = "top") -> Prediction:
    """The answer to an image: its best class is the CRC-32 of its last bytes, modulo the classes."""
    return _prediction(zlib.crc32(image.data[-READ_BYTES:]) % CLASSES, wanted)


@cache
def _prediction(first: int, wanted: Scores) -> Prediction:
    """The answer with this best class. A float32 holds every score exactly."""
    order = [(first + step) % CLASSES for step in range(CLASSES)]
    parts = [2 ** (CLASSES - 1 - rank) + (rank == 0) for rank in range(CLASSES)]  # their sum is a power of two
    scores = tuple(ClassScore(class_id, f"class {class_id}", part / 2**CLASSES) for class_id, part in zip(order, parts, strict=True))
    all_scores = packed([score.score for score in sorted(scores)]) if wanted == "full" else None
    return Prediction(scores, "fake", stages_s={"infer": 0.0}, all_scores=all_scores)


class FakeEngine:
    """One worker that takes `latency_s` per image and fails images with the bytes `b"FAKE-DAMAGE"` near their end."""

    def __init__(self, places: int = 64, latency_s: float = 0.0) -> None:
        self.name = "fake"
        self.places = self.decoders = places
        self.turns_pictures = self.reads_webp = True
        self.process: int | None = None
        self.restarts = 0
        self.score_type: ScoreType = "probability"
        self.on_answer: AnswerObserver = ignore_answer
        self.on_batch: BatchObserver = ignore_batch
        self._latency_s = latency_s
        self._queue: SimpleQueue[Work | None] = SimpleQueue()
        self._worker: threading.Thread | None = None

    def start(self) -> None:
        """Start the worker."""
        self._worker = threading.Thread(target=self._run, name="fake-engine", daemon=True)
        self._worker.start()

    def take(self, work: Work) -> None:
        """Queue an image."""
        if self._worker is None:
            raise EngineUnavailable("The engine is not running.")
        self._queue.put(work)

    def health(self) -> EngineHealth:
        """Healthy while it runs."""
        return EngineHealth(ok=True) if self._worker else EngineHealth(ok=False, reason="not running")

    def _run(self) -> None:
        while (work := self._queue.get()) is not None:
            self.on_answer(work, self.answer(work))

    def answer(self, work: Work) -> Prediction | ServiceError | None:
        """The answer to an image."""
        request = work.begin(monotonic())
        if request is None:
            return None
        if self._latency_s:
            sleep(self._latency_s)
        if b"FAKE-DAMAGE" in request.image.data[-READ_BYTES:]:
            return UndecodableImage("The image is damaged.")
        return fake_prediction(request.image, request.scores)

    def give_up(self, reason: str) -> None:
        """Do nothing: a thread cannot be restarted."""

    def close(self) -> None:
        """End the worker."""
        worker, self._worker = self._worker, None
        if worker:
            self._queue.put(None)
            worker.join()
