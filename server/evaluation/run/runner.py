"""Sends the images of a labelled set through an engine, and records each result."""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Event
from time import monotonic
from typing import NamedTuple

from server.engines.fleet.fleet import Fleet
from server.engines.work import InferenceRequest
from server.errors import DeadlineExceeded, EngineLost, EngineUnavailable, Saturated, ScoresUnavailable, ServiceError
from server.evaluation.dataset.class_groups import fold_of
from server.evaluation.dataset.labelled_set import LabelledSet
from server.evaluation.evaluation_errors import RunInvalid
from server.evaluation.run.records import OK, Record, RecordLog
from server.evaluation.run.score_file import ScoreFile
from server.images.file_errors import FileUnreadable
from server.images.files import read_image
from server.types import Prediction

TURN_S = 0.05  # how soon a change of the places is seen, and a full engine is asked again
TRIES = 3  # of an image that is not answered in its time, or with which engines are lost
MOST_BYTES = 64 * 1024 * 1024  # of images in the engine; the next is read below it
CLIENT = "evaluation"  # which shares the engines with those of POST /classify
UNREADABLE = "unreadable"


@dataclass(slots=True)
class Progress:
    """The progress of a run. An earlier process has done `begun` images."""

    total: int
    begun: int
    done: int = 0
    failed: int = 0
    labelled: int = 0
    top1: int = 0
    topk: int = 0

    def add(self, record: Record, top_k: int) -> None:
        """Count one record."""
        self.done += 1
        self.failed += not record.ok
        if record.label is not None:
            self.labelled += 1
            best = [class_id for class_id, _ in record.top[:top_k]]
            self.top1 += record.label in best[:1]
            self.topk += record.label in best


def take_up(items: LabelledSet, log: RecordLog, top_k: int) -> tuple[list[int], Progress, int]:
    """The images without a record, the progress so far, and the number of this session."""
    done, progress, session, fold = bytearray(len(items)), Progress(len(items), 0), 0, fold_of(items.groups)
    for record in log.read():
        done[record.index] = 1
        session = max(session, record.session + 1)
        progress.add(record.folded(fold), top_k)
    progress.begun = progress.done
    return [index for index, known in enumerate(done) if not known], progress, session


class _Seen(NamedTuple):
    """What the bytes of an image say about it; nothing of one that was refused."""

    format: str = ""
    width_px: int = 0
    height_px: int = 0


_NOTHING_SEEN = _Seen()


@dataclass(slots=True)
class _Sent:
    """An image inside the engine."""

    future: Future[Prediction]
    sent_s: float
    size_bytes: int
    seen: _Seen


class Run:
    """One running evaluation.

    `places` returns how many images may be in the engine now. When the number falls, the run cancels images that no stream has started.
    If the engine is full or down, an image waits: the run measures the model, not the load. With `scores`, the scores of all classes
    are stored.
    """

    def __init__(
        self,
        items: LabelledSet,
        log: RecordLog,
        engine: Fleet,
        places: Callable[[], int],
        *,
        timeout_s: float,
        max_image_bytes: int,
        max_image_pixels: int,
        top_k: int,
        on_record: Callable[[Record], None] = lambda _: None,
        scores: ScoreFile | None = None,
    ) -> None:
        self._items = items
        self._log = log
        self._engine = engine
        self._places = places
        self._timeout_s = timeout_s
        self._max_image_bytes = max_image_bytes
        self._max_image_pixels = max_image_pixels
        self._top_k = top_k
        self._on_record = on_record
        self._scores = scores
        self._sent: dict[int, _Sent] = {}
        self._tries: dict[int, int] = {}
        self._answered: SimpleQueue[tuple[int, float]] = SimpleQueue()
        self._fold = fold_of(items.groups)
        todo, self.progress, self._session = take_up(items, log, top_k)
        self._began_s = monotonic()
        self._todo = deque(todo)

    def run(self, stop: Event) -> bool:
        """Process all images without a record; returns False if stopped early. Raises EvaluationLost if the log is not writable."""
        try:
            while (self._todo or self._sent) and not stop.is_set():
                self._fill(stop)
                self._take_answer()
        finally:
            for sent in self._sent.values():
                sent.future.cancel()
        return not (self._todo or self._sent)

    def _fill(self, stop: Event) -> None:
        places = self._places()
        while self._todo and len(self._sent) < places and self._sent_bytes() < MOST_BYTES and not stop.is_set():
            index = self._todo.popleft()
            try:
                self._send(index)
            except (Saturated, EngineUnavailable):
                self._todo.appendleft(index)
                return
            except FileUnreadable:
                self._note(index, UNREADABLE, None, 0.0)
            except ScoresUnavailable as error:
                raise RunInvalid(error.message, error.remedy) from error
            except ServiceError as error:
                self._note(index, error.code, None, 0.0)
        for index in list(self._sent)[places:]:
            self._sent[index].future.cancel()  # its callback queues the image again

    def _sent_bytes(self) -> int:
        return sum(sent.size_bytes for sent in self._sent.values())

    def _send(self, index: int) -> None:
        image = read_image(lambda: self._items.read(index, self._max_image_bytes), self._max_image_pixels)
        now_s = monotonic()
        request = InferenceRequest(image, f"evaluation-{index}", now_s + self._timeout_s, "full" if self._scores else "top", CLIENT)
        future = self._engine.submit(request)
        self._sent[index] = _Sent(future, now_s, len(image.data), _Seen(image.format, image.width_px, image.height_px))
        future.add_done_callback(lambda _: self._answered.put((index, monotonic())))

    def _take_answer(self) -> None:
        try:
            index, answered_s = self._answered.get(timeout=TURN_S)
        except Empty:
            return
        sent = self._sent.pop(index)
        latency_s = answered_s - sent.sent_s
        if sent.future.cancelled():
            self._todo.appendleft(index)
            return
        error = sent.future.exception()
        if error is None:
            self._note(index, OK, sent.future.result(), latency_s, sent.seen)
        elif self._again(index) if isinstance(error, DeadlineExceeded | EngineLost) else isinstance(error, EngineUnavailable | Saturated):
            self._todo.appendleft(index)
        elif isinstance(error, ScoresUnavailable):  # every other image would fail too, so there is nothing to report
            raise RunInvalid(error.message, error.remedy)
        else:
            self._note(index, error.code if isinstance(error, ServiceError) else "engine_failed", None, latency_s, sent.seen)

    def _again(self, index: int) -> bool:
        tries = self._tries[index] = self._tries.get(index, 0) + 1
        return tries < TRIES

    def _note(self, index: int, outcome: str, prediction: Prediction | None, latency_s: float, seen: _Seen = _NOTHING_SEEN) -> None:
        item = self._items[index]
        record = Record(
            index=index,
            name=item.name,
            label=item.label,
            outcome=outcome,
            latency_ms=round(latency_s * 1000, 3),
            session=self._session,
            elapsed_s=round(monotonic() - self._began_s, 3),
            **seen._asdict(),
        )
        if prediction:
            record = record.answered(prediction)
            if self._scores and record.ok:
                self._scores.keep(index, prediction)
        self._log.append(record)
        self.progress.add(record.folded(self._fold), self._top_k)
        self._on_record(record)
