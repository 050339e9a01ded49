"""The compiled classifier held against the stream engine: the same image again and again, without a server.

`python -m tests.bench.mxbase ENGINE STORE MODEL IMAGE` opens one of them as the server does, and answers each line SECONDS on its
input with a line of JSON.
"""

import os
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from statistics import median
from time import monotonic, process_time
from typing import Any

from models.store import ModelStore, StoredModel
from pipelines.classifier_config import ClassifierLimits
from pipelines.cpu.runtime_options import CpuOptions
from server.engines.fleet.fleet import Fleet
from server.engines.plan import plan_classifier, plan_rendered
from server.engines.stream_engine import StreamEngine
from server.engines.work import InferenceRequest
from server.images.inspection import inspect_image
from tests.bench import chosen
from tests.bench.table import Goal
from tests.bench.turns import Figures, answer, measuring

ENGINES = ("mxbase", "stream")
GOALS = {"efficientnet_lite0": 0.97, "small_cnn": 1.05}
IN_FLIGHT = 32
CORES = len(os.sched_getaffinity(0))
PATIENCE_S = 60.0

Done = Callable[[], None]
Submit = Callable[[Done], None]  # sends the image, and calls back when it is answered


@contextmanager
def stream(model: StoredModel, image: bytes) -> Iterator[Submit]:
    """The stream engine."""
    inspected, precision = inspect_image(image, 10**8), chosen.precision()
    options = CpuOptions(precision=precision)
    own = StreamEngine(lambda: plan_rendered(model, "cpu", "", min(CORES + 1, 8), precision=precision), "cpu", options)
    engine = Fleet.of(own, IN_FLIGHT)
    engine.start()

    def submit(done: Done) -> None:
        def answered(future: Future[Any]) -> None:
            future.result()
            done()

        engine.submit(InferenceRequest(inspected, "", monotonic() + PATIENCE_S)).add_done_callback(answered)

    yield submit
    engine.close(PATIENCE_S)


@contextmanager
def mxbase(model: StoredModel, image: bytes) -> Iterator[Submit]:
    """The compiled classifier."""
    import mxclassify

    waiting: dict[int, Done] = {}
    numbers = count()

    def answered(results: list[Any]) -> None:
        for number, outcome, why, *_ in results:
            assert outcome == "ok", why
            waiting.pop(number)()

    limits = ClassifierLimits(decoders=max(2, min(CORES, 8)), lanes=2, capacity=IN_FLIGHT)
    config = plan_classifier(model, "cpu", "", limits, precision=chosen.precision()).config
    classifier = mxclassify.Classifier(answered, **config)

    def submit(done: Done) -> None:
        number = next(numbers)
        waiting[number] = done
        assert classifier.submit(number, image, monotonic() + PATIENCE_S)

    yield submit
    classifier.close(PATIENCE_S)


def keep_busy(submit: Submit, seconds: float) -> Figures:
    """Images/s, and CPU-ms an image, with IN_FLIGHT images under way: each that is answered is followed by another."""
    answered, left = count(), threading.Semaphore(0)
    end_s = monotonic() + seconds

    def follow() -> None:
        next(answered)
        if monotonic() < end_s:
            submit(follow)
        else:
            left.release()

    began_s, cpu_s = monotonic(), process_time()
    for _ in range(IN_FLIGHT):
        submit(follow)
    for _ in range(IN_FLIGHT):
        assert left.acquire(timeout=seconds + PATIENCE_S)
    images = next(answered)
    return {"rate": images / (monotonic() - began_s), "cpu_ms": (process_time() - cpu_s) / images * 1000}


@dataclass
class Compared:
    """The measurements of each engine, in turns."""

    model: str
    found: dict[str, list[Figures]] = field(default_factory=lambda: {engine: [] for engine in ENGINES})

    def ratio(self, name: str) -> float:
        """The median of the pairs' mxbase ÷ stream."""
        return median(one[name] / other[name] for one, other in zip(self.found["mxbase"], self.found["stream"], strict=True))

    def row(self) -> str:
        """Of a Markdown table: medians."""
        figures = (f"{median(one[name] for one in self.found[engine]):.2f}" for name in ("rate", "cpu_ms") for engine in ENGINES)
        return " | ".join((f"| {self.model}", *figures, f"{self.ratio('rate'):.3f}", f"{self.ratio('cpu_ms'):.3f} |"))

    @property
    def goal(self) -> Goal:
        """The promise."""
        return Goal(f"{self.model}: mxbase ÷ stream, {IN_FLIGHT} images in flight", self.ratio("rate"), GOALS.get(self.model, 0.97))


HEADINGS = (
    "| | images/s, mxbase | stream | CPU-ms an image, mxbase | stream | images/s, mxbase ÷ stream | CPU-ms, mxbase ÷ stream |\n"
    + "|---" * 7
    + "|"
)


def compare(store: Path, model: str, image: Path, pairs: int, seconds: float, tell: Callable[[str], None]) -> Compared:
    """Measure both in turns, the first of a pair being now the one, now the other."""
    compared, arguments = Compared(model), (str(store), model, str(image))
    with measuring(__name__, "mxbase", *arguments) as one, measuring(__name__, "stream", *arguments) as other:
        engines = {"mxbase": one, "stream": other}
        for measure in engines.values():
            measure(seconds / 4)  # to warm up
        for pair in range(pairs):
            tell(f"{model}: pair {pair + 1} of {pairs}")
            for engine in ENGINES if pair % 2 else ENGINES[::-1]:
                compared.found[engine].append(engines[engine](seconds))
    return compared


if __name__ == "__main__":
    engine, store, name, image = sys.argv[1:]
    with {"mxbase": mxbase, "stream": stream}[engine](ModelStore(Path(store)).open(name), Path(image).read_bytes()) as submit:
        answer(lambda seconds: keep_busy(submit, seconds))
