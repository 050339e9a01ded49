"""Two of a kind, each in a process of its own, measured in turns, so that both meet the same machine."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Figures = dict[str, float]
Measure = Callable[[float], Figures]


@contextmanager
def measuring(module: str, *arguments: str) -> Iterator[Measure]:
    """`python -m module arguments`, which answers (see `answer`); what it yields measures for some seconds."""
    command = [sys.executable, "-m", module, *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        source, sink = process.stdin, process.stdout
        assert source
        assert sink

        def measure(seconds: float) -> Figures:
            source.write(f"{seconds}\n")
            source.flush()
            found: Figures = json.loads(sink.readline())
            return found

        yield measure
        source.close()


def answer(measure: Measure) -> None:
    """Answer each line SECONDS on the input with a line of JSON."""
    for line in sys.stdin:
        sys.stdout.write(json.dumps(measure(float(line))) + "\n")
        sys.stdout.flush()
