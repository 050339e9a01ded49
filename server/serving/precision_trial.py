"""Times one model file on this machine in several precisions: a program of its own, so that its memory goes when it ends.

precision_trial FILE=PRECISION … > {"PRECISION": seconds an image, …}, on one thread; without those that the processor lacks
"""

import json
import os
import resource
import statistics
import sys
from pathlib import Path
from time import perf_counter

import numpy as np

MEASURE_S = 0.3
MOST_CPU_S = 20
OOM_FIRST = 1000  # if memory runs out, this process goes and not the server


def seconds_an_image(path: Path, precision: str) -> float:
    """The median time of an inference of one picture on one thread."""
    from pipelines.cpu.elements.compiled_model import CpuModel

    model = CpuModel(path, 1, "bf16" if precision == "bf16" else "f32")
    runner, size = model.runner(), model.batch_sizes[0]
    picture = np.zeros(model.image_shape, model.dtype)
    runner.run([picture], size)
    times_s: list[float] = []
    while sum(times_s) < MEASURE_S:
        began_s = perf_counter()
        runner.run([picture], size)
        times_s.append((perf_counter() - began_s) / size)
    return statistics.median(times_s)


def trial(files: list[tuple[str, str]]) -> dict[str, float]:
    """The seconds by precision, for (file, precision); empty if the processor has no other than f32."""
    from pipelines.cpu.processor import BF16, capabilities

    can = [(file, precision) for file, precision in files if precision != "bf16" or BF16 in capabilities()]
    return {precision: seconds_an_image(Path(file), precision) for file, precision in can} if len(can) > 1 else {}


def main() -> None:
    """Give way to everything else, and write the times as JSON."""
    os.nice(19)
    resource.setrlimit(resource.RLIMIT_CPU, (MOST_CPU_S, MOST_CPU_S))
    Path("/proc/self/oom_score_adj").write_text(str(OOM_FIRST), "utf-8")
    pairs = (word.rpartition("=") for word in sys.argv[2:])
    sys.stdout.write(json.dumps(trial([(file, precision) for file, _, precision in pairs])))
