"""Mutated images and requests, to both engines in turn: `python -m tests.soak.hostile --seconds 3600`.

Each run goes on where the one before stopped, and adds to its figures (outputs/soak.json). Ctrl-C keeps them; `--fresh` starts anew.
"""

import argparse
import itertools
import sys
import time
from http.client import HTTPException
from pathlib import Path

from tests.server.process import ServerProcess
from tests.soak.hostile_server import hostile_server
from tests.soak.http import send_requests
from tests.soak.images import run as send_images
from tests.soak.progress import Progress

STATE = Path(__file__).parents[2] / "outputs" / "soak.json"
ENGINES = ("stream", "mxbase")
IMAGES, REQUESTS = 4_000, 1_000  # of a block, after which the figures are written
SERVER_S = 300  # after which another server takes over


def block(server: ServerProcess, engine: str, progress: Progress) -> None:
    """Send a block and count it; raises OSError or HTTPException if the server is gone."""
    first = progress.images[engine]
    report = send_images(server, progress.seed, range(first, first + IMAGES))
    progress.images[engine] += IMAGES
    for (_, status), count in report.answers.items():
        progress.statuses[str(status)] += count
    progress.add_faults(report.wrong)
    first = progress.requests[engine]
    soak = send_requests(server, progress.seed, range(first, first + REQUESTS))
    progress.requests[engine] += REQUESTS
    for status, count in soak.statuses.items():
        progress.statuses[str(status)] += count
    progress.add_faults(soak.faults)


def soak_engine(engine: str, seconds: float, progress: Progress, state: Path) -> None:
    """Send blocks to one server for a time, one at least."""
    end_s = time.monotonic() + seconds
    rss_mb: list[float] = []
    with hostile_server(engine) as server:
        while not rss_mb or time.monotonic() < end_s:
            began_s = time.monotonic()
            try:
                block(server, engine, progress)
                rss_mb.append(server.memory_mb())
                progress.add_memory(rss_mb[0], rss_mb[-1])
            except (OSError, HTTPException) as error:
                progress.add_faults(
                    [f"{engine}, images from {progress.images[engine]}, requests from {progress.requests[engine]}: {error!r}"]
                )
                break
            finally:
                progress.seconds += time.monotonic() - began_s
                progress.write(state)
        progress.add_faults(server.troubles())
    if code := server.wait():
        progress.crashes += 1
        progress.add_faults([f"{engine}: the server ended with exit code {code}"])


def soak(seconds: float, progress: Progress, state: Path) -> None:
    """Both engines in turn, for a time."""
    end_s = time.monotonic() + seconds
    for engine in itertools.cycle(sorted(ENGINES, key=lambda engine: progress.images[engine])):
        soak_engine(engine, min(SERVER_S, seconds / len(ENGINES)), progress, state)
        progress.write(state)
        if time.monotonic() >= end_s:
            return


def main() -> int:
    """0 if no run so far broke a promise."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3600)
    parser.add_argument("--seed", type=int, default=18, help="of a fresh soak")
    parser.add_argument("--fresh", action="store_true", help="forget the figures so far")
    parser.add_argument("--state", type=Path, default=STATE, help="the file of the figures")
    options = parser.parse_args()
    if options.fresh:
        options.state.unlink(missing_ok=True)
    progress = Progress.read(options.state, options.seed)
    try:
        soak(options.seconds, progress, options.state)
    except KeyboardInterrupt:
        sys.stdout.write("\nstopped; the next run repeats the block that was under way\n")
    sys.stdout.write("\n".join([str(progress), f"seed {progress.seed}, {options.state}", *progress.faults, ""]))
    return int(progress.fault_count > 0)


if __name__ == "__main__":
    sys.exit(main())
