"""The run of the hour as a page: each step with its commands, what they printed, and how long it took."""

import re
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.docs.tables import table
from tests.hour.bare_host import BareHost
from tests.hour.steps import STEPS, Step

PAGE = Path(__file__).parents[2] / "docs/ascend-hour.md"
HEAD = (Path(__file__).with_name("ascend-hour.md")).read_text("utf-8")
VARY = re.compile(
    r"(?<=@\[)[\d.]+|\b[0-9a-f]{8,}\b|\b\d{8}-\d{6}\b|-?\b\d+\.\d+(e-\d+)?\b|\b\d+ (ms|s|images/s)\b|\(val/[^)]*\)|(?<=group_add: ).*"
)


@dataclass(frozen=True)
class Ran:
    """A step that was run, and the seconds it took."""

    step: Step
    printed: str
    took_s: float


def run(host: BareHost, steps: Iterable[Step] = STEPS) -> Iterator[Ran]:
    """Run the steps one after the other; raises AssertionError with what was printed if one fails."""
    for step in steps:
        if step.before:
            step.before(host)
        started_s = time.monotonic()
        done = host.run(step.commands)
        log = host.folder / "classify.log"
        assert done.returncode == 0, f"{step.title}: {done.stdout}\n{log.read_text()[-3000:] if log.exists() else ''}"
        yield Ran(step, done.stdout, time.monotonic() - started_s)


def page(ran: Sequence[Ran]) -> str:
    """The page of a whole run."""
    rows = [(f"{number}. {each.step.title}", f"{each.took_s:.1f}") for number, each in enumerate(ran, 1)]
    times = table(("Step", "Seconds"), [*rows, ("all", f"{sum(each.took_s for each in ran):.0f}")])
    return (
        "\n\n".join([HEAD.rstrip(), *(_section(number, each) for number, each in enumerate(ran, 1)), "## What each step took", times])
        + "\n"
    )


def _section(number: int, ran: Ran) -> str:
    parts = [f"## {number}. {ran.step.title}", ran.step.about, f"<!-- ascend -->\n```bash\n{ran.step.commands}```"]
    if ran.printed.strip():
        parts.append(f"```text\n{_folded(ran.printed)}```")
    return "\n\n".join(part for part in parts if part)


def _folded(printed: str) -> str:
    """Lines without blanks at their ends, and JSON objects one a line."""
    return "".join(f"{line.rstrip()}\n" for line in printed.replace("}{", "}\n{").strip().splitlines())


def steady(text: str) -> str:
    """A page without what differs from run to run: seconds, scores of another processor, hashes, ids, the table of times."""
    body = text.partition("## What each step took")[0]
    return VARY.sub("…", body)
