"""The cost of a fleet: the stream engine bare, in a fleet with a fallback in one process, and both in processes of their own.

`python -m tests.bench.fleet KIND STORE MODEL IMAGE` opens one of them and answers each line SECONDS on its input with a line of JSON.
"""

import sys
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from threading import Lock
from time import monotonic
from typing import Any

from models.store import ModelStore, StoredModel
from server.cli.flags import load_settings
from server.engines.assembly import EngineAssembly, default_streams
from server.engines.plan import plan_rendered
from server.engines.stream_engine import StreamEngine
from server.engines.work import InferenceRequest, Work
from server.images.inspection import inspect_image
from server.telemetry.metrics import Metrics
from server.telemetry.model_metrics import ModelMetrics
from server.types import EncodedImage
from tests.bench.mxbase import IN_FLIGHT, PATIENCE_S, Done, Submit, keep_busy
from tests.bench.table import Goal
from tests.bench.turns import Figures, answer, measuring

KINDS = ("bare", "one process", "processes")
GOALS = {"one process": 0.99, "processes": 0.96}


@contextmanager
def bare(model: StoredModel, image: EncodedImage) -> Iterator[Submit]:
    """The stream engine without a fleet: what finds no place waits in a queue that does nothing else."""
    engine = StreamEngine(lambda: plan_rendered(model, "cpu", "", default_streams("cpu")), "cpu")
    waiting: deque[tuple[Work, Done]] = deque()
    under_way: dict[Work, Done] = {}
    lock = Lock()

    def hand_over() -> None:
        while True:
            with lock:
                if not waiting or len(under_way) >= engine.places:
                    return
                work, done = waiting.popleft()
                under_way[work] = done
            engine.take(work)

    def answered(work: Work, outcome: Any) -> None:
        work.answer(outcome)
        with lock:
            done = under_way.pop(work)
        done()
        hand_over()

    def submit(done: Done) -> None:
        waiting.append((Work(InferenceRequest(image, "", monotonic() + PATIENCE_S)), done))
        hand_over()

    engine.on_answer = answered
    engine.start()
    yield submit
    engine.close()


@contextmanager
def fleet(model: StoredModel, image: EncodedImage, *, processes: bool) -> Iterator[Submit]:
    """The fleet that the server makes of ENGINES=stream,mxbase."""
    settings = load_settings(engines="stream,mxbase", runtime="cpu", window=IN_FLIGHT, engine_processes="yes" if processes else "no")
    engines = EngineAssembly(settings, model, "cpu", ModelMetrics(Metrics(), model.manifest.name)).fleet()
    engines.start()

    def submit(done: Done) -> None:
        def answered(future: Future[Any]) -> None:
            future.result()
            done()

        engines.submit(InferenceRequest(image, "", monotonic() + PATIENCE_S)).add_done_callback(answered)

    yield submit
    engines.close(PATIENCE_S)


@dataclass
class Costs:
    """The measurements of each kind, in turns."""

    model: str
    found: dict[str, list[Figures]] = field(default_factory=lambda: {kind: [] for kind in KINDS})

    def ratio(self, kind: str) -> float:
        """The median of the turns' rate ÷ that of the bare engine."""
        return median(one["rate"] / other["rate"] for one, other in zip(self.found[kind], self.found["bare"], strict=True))

    def lines(self) -> Iterator[str]:
        """Medians, and the goals."""
        for kind in KINDS:
            rate, cpu_ms = (median(figures[name] for figures in self.found[kind]) for name in ("rate", "cpu_ms"))
            yield f"{self.model}, {kind}: {rate:.1f} images/s, {cpu_ms:.2f} CPU-ms an image in this process"
        for kind, goal in GOALS.items():
            yield str(Goal(f"{self.model}: a fleet in {kind} ÷ the bare engine, {IN_FLIGHT} in flight", self.ratio(kind), goal))


def measure_costs(store: Path, model: str, image: Path, turns: int, seconds: float, tell: Callable[[str], None]) -> Costs:
    """Measure all kinds in turns, each turn beginning with another."""
    costs, arguments = Costs(model), (str(store), model, str(image))
    with (
        measuring(__name__, "bare", *arguments) as first,
        measuring(__name__, "one process", *arguments) as second,
        measuring(__name__, "processes", *arguments) as third,
    ):
        measures = dict(zip(KINDS, (first, second, third), strict=True))
        for measure in measures.values():
            measure(seconds / 4)  # to warm up
        for turn in range(turns):
            tell(f"{model}: turn {turn + 1} of {turns}")
            for place in range(len(KINDS)):
                kind = KINDS[(turn + place) % len(KINDS)]
                costs.found[kind].append(measures[kind](seconds))
    return costs


if __name__ == "__main__":
    kind, store, name, path = sys.argv[1:]
    model, image = ModelStore(Path(store)).open(name), inspect_image(Path(path).read_bytes(), 10**8)
    opened = bare(model, image) if kind == "bare" else fleet(model, image, processes=kind == "processes")
    with opened as submit:
        answer(lambda seconds: keep_busy(submit, seconds))
