"""The suites of continuous integration, in two lanes, and how long each may take: `python tests/lanes.py core`.

It runs before anything is installed: nothing but the standard library is imported.
"""

import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Suite:
    """Targets of the Makefile, two of which run at a time, and the seconds they may take on two quiet cores.

    `about` says what `make test` leaves to it.
    """

    target: str
    budget_s: int
    about: str = ""


# The core is run for every change; it has a little of each suite of the wide lane. What measures nothing runs two at a time.
LANES: dict[str, tuple[Suite, ...]] = {
    "core": (
        Suite("packages install-dev", 100),
        Suite("check environments", 130),
        Suite("mxbase", 45),
        Suite("test", 300),
        Suite("test-commands", 95, "the command line, in processes of its own"),
        Suite("test-monitoring", 110, "containers and Kubernetes, with a real Prometheus and Kustomize"),
        Suite("test-mxbase", 220, "the compiled classifier by itself, under sanitizers too"),
        Suite("attack", 230, "what hostile requests may cost: series of metrics, memory, time of a victim; 50,000 mutations"),
        Suite("chaos", 110, "engines that are killed, stopped, late or wrong, one fault at a time and all under load"),
        Suite("docs-commands docs-site", 120, "the commands of the documentation and the remedies of messages, run; the site, strictly"),
        Suite(
            "smoke-image smoke-import smoke-training smoke-schemathesis smoke-hour smoke-clients smoke-upgrade smoke-release smoke-lowest",
            200,
        ),
        Suite("smoke-bench", 35),
        Suite("smoke-browser", 20),
        Suite("smoke-oip", 25),
        Suite("smoke-ray", 60),
    ),
    "wide": (
        Suite("packages", 210),
        Suite("test-training", 560, "training, with MindSpore"),
        Suite("test-import", 180, "networks that torch wrote"),
        Suite("test-image", 720, "the container images"),
        Suite("test-bench", 90, "the benchmarks, each run for a moment"),
        Suite("test-hour", 80, "the first hour on an Atlas, executed on stand-ins"),
        Suite("schemathesis", 190, "the OpenAPI document against a real server"),
        Suite("test-browser", 440, "the pages in a real Chromium, every one under axe-core; the dashboards against Grafana's types"),
        Suite("test-clients", 60, "HTTP clients of five languages, each from its package"),
        Suite("test-upgrade", 110, "from the first version to this one and back"),
        Suite("test-release", 130, "what a version consists of: built, and installed"),
        Suite("test-oip", 180, "Triton's and KServe's clients, over HTTP and gRPC"),
        Suite("test-lowest", 150, "the server on the lowest versions that pyproject.toml allows"),
        Suite("test-ray", 500, "replicas on a Ray cluster, by Ray Serve"),
    ),
}
BUDGETS_S = {"core": 30 * 60, "wide": 60 * 60}
SOAK = Suite("soak", 4 * 3600, "what takes hours: tests marked soak, 2,000 examples of a property, hostile input, attacks, 100,000 images")


def left_out(skipped: Mapping[str, int]) -> Iterator[str]:
    """The suites that `make test` did not run and how to run them, line by line; `skipped` counts the tests skipped for a reason."""
    yield "Not run here:"
    for suite in (*(suite for lane in LANES.values() for suite in lane), SOAK):
        if suite.about:
            yield f"  make {suite.target:14} {suite.about}"
    for reason, tests in sorted(skipped.items()):
        yield f"  {tests:4} skipped: {reason}"


def took(lane: str, seconds: Mapping[str, float]) -> Iterator[str]:
    """The seconds of each suite beside its budget."""
    for suite in LANES[lane]:
        if (found := seconds.get(suite.target)) is not None:
            over = "  over its budget" if found > suite.budget_s else ""
            yield f"{suite.target:20} {found:6.0f} s of {suite.budget_s:5}{over}"
    yield f"{lane:20} {sum(seconds.values()):6.0f} s of {BUDGETS_S[lane]:5}"


def main(lane: str) -> int:
    """Run a lane's suites up to the first that fails; make's exit status."""
    seconds: dict[str, float] = {}
    code = 0
    for suite in LANES[lane]:
        say(f"== make {suite.target}")
        started_s = time.monotonic()
        targets = suite.target.split()
        at_once = ["-j2", "--output-sync=target"] if len(targets) > 1 else []
        code = subprocess.run(["make", "--no-print-directory", *at_once, *targets, f"LANE={lane}"], cwd=ROOT, check=False).returncode
        seconds[suite.target] = time.monotonic() - started_s
        if code:
            say(f"== make {suite.target} failed")
            break
    for line in took(lane, seconds):
        say(line)
    return code


def say(line: str) -> None:
    """Print a line now, between those of the suites."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in LANES:
        sys.exit(f"Name a lane: {' or '.join(LANES)}.")
    sys.exit(main(sys.argv[1]))
