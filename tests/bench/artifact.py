"""The cost of the folded recipe: the CPU artifact (uint8 pixels in) against its plain network (normalised floats in), in OpenVINO.

`python -m tests.bench.artifact FILE KIND` compiles the `artifact` in FILE, or the `plain` network in it, and answers each line SECONDS
on its input with a line of JSON. Both run asynchronously, with the same number of streams and requests.
"""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import Any

from models.store import ModelStore
from tests.bench.table import Goal
from tests.bench.turns import answer, measuring

GOAL = 0.98
KINDS = ("artifact", "plain")
CONFIG = {"INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "THROUGHPUT"}  # those of pipelines/cpu/elements/compiled_model.py


class Network:
    """One of the two, compiled alone in its process: two compiled networks would share out the cores between them."""

    def __init__(self, artifact: Path, kind: str) -> None:
        import onnx

        from convert.fold import unfold
        from pipelines.cpu.quiet_openvino import ov

        core = ov.Core()
        model = core.read_model(artifact if kind == "artifact" else unfold(onnx.load(artifact)).SerializeToString())
        batch, *image = model.input(0).get_partial_shape()
        if batch.is_dynamic:
            model.reshape([1, *(side.get_length() for side in image)])
        compiled = core.compile_model(model, "CPU", CONFIG)
        self.streams = int(compiled.get_property("NUM_STREAMS"))
        self.requests = int(compiled.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS"))
        self._queue = self._filled_queue(compiled)

    def _filled_queue(self, compiled: Any) -> Any:
        import numpy as np

        from pipelines.cpu.quiet_openvino import ov

        queue, chance = ov.AsyncInferQueue(compiled, self.requests), np.random.default_rng(1)
        dtype = np.dtype(compiled.input(0).get_element_type().to_dtype())
        shape = tuple(compiled.input(0).shape)
        pixels = chance.integers(0, 256, shape, np.uint8) if dtype == np.uint8 else chance.standard_normal(shape, np.float32)
        for request in queue:
            request.set_input_tensor(ov.Tensor(pixels.copy(), shared_memory=True))
        return queue

    def measure(self, seconds: float) -> dict[str, float]:
        """Images/s, and CPU-ms an image; every request has its input already, as its owner writes it in place."""
        queue, finished = self._queue, 0
        cpu_s, began_s = process_time(), perf_counter()
        while perf_counter() - began_s < seconds:
            queue.start_async()
            finished += 1
        queue.wait_all()
        elapsed_s = perf_counter() - began_s
        cpu_ms = (process_time() - cpu_s) / finished * 1000
        return {"rate": finished / elapsed_s, "cpu_ms": cpu_ms, "streams": self.streams, "requests": self.requests}


@dataclass
class Pairs:
    """The measurements of each kind, in turns."""

    found: dict[str, list[dict[str, float]]] = field(default_factory=lambda: {kind: [] for kind in KINDS})

    @property
    def ratio(self) -> float:
        """The median of the pairs' ratios of throughput."""
        return self._median_of("rate")

    def _median_of(self, name: str) -> float:
        pairs = zip(*(self.found[kind] for kind in KINDS), strict=True)
        ratios: list[float] = [artifact[name] / plain[name] for artifact, plain in pairs]
        return median(ratios)

    def lines(self, name: str) -> Iterator[str]:
        """A Markdown table of medians, and the goal."""
        yield "| | images/s | CPU-ms |"
        yield "|---|---|---|"
        for kind, measured in self.found.items():
            yield f"| {name}, {kind} | {median(one['rate'] for one in measured):.2f} | {median(one['cpu_ms'] for one in measured):.2f} |"
        yield ""
        yield f"CPU time an image, artifact ÷ plain: {self._median_of('cpu_ms'):.3f} (steadier where the machine is shared)"
        yield str(Goal(f"{name}: CPU artifact ÷ the plain network in OpenVINO", self.ratio, GOAL))


def measure_pairs(store: Path, name: str, pairs: int, seconds: float, tell: Callable[[str], None]) -> Pairs:
    """Measure both in turns, the first of a pair being now the one, now the other."""
    result, file = Pairs(), ModelStore(store).open(name).check_artifact("cpu")[1]
    with measuring(__name__, str(file), "artifact") as artifact, measuring(__name__, str(file), "plain") as plain:
        networks = {"artifact": artifact, "plain": plain}
        one, other = (measure(seconds / 4) for measure in networks.values())  # to warm up
        assert (one["streams"], one["requests"]) == (other["streams"], other["requests"])
        for pair in range(pairs):
            tell(f"{name}: pair {pair + 1} of {pairs}")
            for kind in KINDS if pair % 2 else KINDS[::-1]:
                result.found[kind].append(networks[kind](seconds))
    return result


if __name__ == "__main__":
    answer(Network(Path(sys.argv[1]), sys.argv[2]).measure)
