"""Mutated images sent to a real server, with intact ones between them that must get their own answers.

`python -m tests.soak.images --seconds 3600` is the soak; tests/server/hostile/test_mutated_images.py sends 20,000.
"""

import argparse
import base64
import json
import tempfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from http.client import HTTPConnection
from itertools import count, takewhile
from pathlib import Path
from random import Random
from time import monotonic

import cv2
import numpy as np

from server.api.statuses import status_of
from server.errors import BodyTooLarge, ImageTooLarge, UndecodableImage, UnsupportedImage
from server.images.inspection import inspect_image
from server.images.upright import upright
from tests.level_model import level_class, store_level_model
from tests.server.process import NEW_PROCESS, ServerProcess
from tests.soak.image_mutations import mutate
from tests.soak.image_seeds import SEEDS

MAX_PIXELS = 1_000_000  # small, so that a mutated size costs no second and many are beyond it
CONNECTIONS = 4
INTACT_EVERY = 20
REFUSALS = {"bad_request": 400} | {
    kind.code: int(status_of(kind)) for kind in (BodyTooLarge, ImageTooLarge, UnsupportedImage, UndecodableImage)
}


@dataclass
class Report:
    """What became of the images, by format and status; `wrong` holds what should not have been, with the image."""

    answers: Counter[tuple[str, int]] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    rss_mb: list[float] = field(default_factory=list)

    @property
    def growth_mb(self) -> float:
        """How much memory the server has taken since a third of the images were sent."""
        return self.rss_mb[-1] - self.rss_mb[len(self.rss_mb) // 3]

    def __str__(self) -> str:
        rows = [
            f"{kind:5}" + "".join(f" {status}: {self.answers[kind, status]:6}" for status in sorted({200} | set(REFUSALS.values())))
            for kind in sorted({kind for kind, _ in self.answers})
        ]
        warm, end = self.rss_mb[len(self.rss_mb) // 3], self.rss_mb[-1]
        memory = f"{self.answers.total()} images; VmRSS {warm:.1f} MB after a third of them, {end:.1f} MB at the end"
        return "\n".join([*rows, memory, *self.wrong])


def memory_mb(server: ServerProcess, name: str = "VmRSS") -> float:
    """A line of the server's /proc/<pid>/status."""
    status = Path(f"/proc/{server._process.pid}/status").read_text()
    return int(status.partition(f"{name}:")[2].split()[0]) / 1024


@cache
def expected_class(data: bytes) -> int:
    """The class that the level model must find in an intact image."""
    pixels = cv2.imdecode(np.frombuffer(upright(inspect_image(data, MAX_PIXELS)).data, np.uint8), cv2.IMREAD_COLOR)
    assert pixels is not None
    return level_class(pixels.astype(np.uint8, copy=False))


def send(connection: HTTPConnection, data: bytes) -> tuple[int, bytes]:
    """POST /classify."""
    connection.request("POST", "/classify", data, {"Content-Type": "application/octet-stream"})
    response = connection.getresponse()
    return response.status, response.read()


def fault(status: int, body: bytes, wanted_class: int | None) -> str:
    """What is wrong with an answer, or nothing."""
    answer = json.loads(body)
    if status != 200:
        refused = wanted_class is None and REFUSALS.get(answer["code"]) == status and set(answer) == {"error", "code", "request_id"}
        return "" if refused else "refused"
    classes = [prediction["class_id"] for prediction in answer["predictions"]]
    if len(classes) != 5 or not all(0 <= prediction["score"] <= 1 for prediction in answer["predictions"]):
        return "answered, but not with five classes"
    return "" if wanted_class in (None, classes[0]) else f"answered with class {classes[0]} instead of {wanted_class}"


def work(server: ServerProcess, seed: str, turns: Iterator[int], report: Report) -> None:
    """Send mutated images on one connection, every twentieth left intact."""
    random = Random(seed)  # noqa: S311
    connection = HTTPConnection(server.url.removeprefix("http://"), timeout=60)
    for turn in turns:
        name = random.choice(list(SEEDS))
        intact = turn % INTACT_EVERY == 0
        data = SEEDS[name] if intact else mutate(random, name, SEEDS[name])
        status, body = send(connection, data)
        report.answers[name.partition(",")[0], status] += 1
        if problem := fault(status, body, expected_class(data) if intact else None):
            report.wrong.append(f"{name}: {status}, {problem}: {body.decode()}\n{base64.b64encode(data).decode()}")
        if turn % 100 == 0:
            report.rss_mb.append(memory_mb(server))
    connection.close()


def run(server: ServerProcess, seed: int, *, images: int = 0, seconds: float = 0) -> Report:
    """Send so many images, or for so long, on a few connections; a seed and a number always give the same images."""
    report = Report()
    end_s = monotonic() + seconds
    each = range(images // CONNECTIONS)
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        turns = [iter(each) if images else takewhile(lambda _: monotonic() < end_s, count()) for _ in range(CONNECTIONS)]
        for done in [pool.submit(work, server, f"{seed}-{number}", one, report) for number, one in enumerate(turns)]:
            done.result()
    return report


def main() -> None:
    """Soak a server of its own; exit status 1 if anything went wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3600)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        store_level_model(Path(folder))
        with ServerProcess(python=NEW_PROCESS, model_store=folder, model="level", max_image_pixels=MAX_PIXELS) as server:
            report = run(server, options.seed, seconds=options.seconds)
    print(report)  # noqa: T201
    raise SystemExit(bool(report.wrong))


if __name__ == "__main__":
    main()
