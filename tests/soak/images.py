"""Mutated images sent to a real server, with intact ones between them that must get their own answers."""

import base64
import json
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from http.client import HTTPConnection
from random import Random
from typing import Any, NamedTuple

import cv2
import numpy as np

from server.api.statuses import status_of
from server.errors import BodyTooLarge, ImageTooLarge, UndecodableImage, UnsupportedImage
from server.images.inspection import inspect_image
from server.images.upright import upright
from tests.level_model import level_class
from tests.server.process import ServerProcess
from tests.soak.image_mutations import mutate
from tests.soak.image_seeds import SEEDS

MAX_PIXELS = 1_000_000  # small, so that a mutated size costs no second and many are beyond it
CONNECTIONS = 4
BATCH = 8
ALONE_EVERY = 4  # of so many batches one is sent as single requests
INTACT_EVERY = 20
NAMES = list(SEEDS)
REFUSALS = {kind.code: int(status_of(kind)) for kind in (BodyTooLarge, ImageTooLarge, UnsupportedImage, UndecodableImage)}
BOUNDARY = b"frontier"
FORM = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY.decode()}"}
BYTES = {"Content-Type": "application/octet-stream"}


class Sent(NamedTuple):
    """An image, the name of its seed, and the class that it must get if it is intact."""

    name: str
    data: bytes
    wanted_class: int | None


@dataclass
class Report:
    """What became of the images, by format and status; `wrong` holds what should not have been, with the image."""

    answers: Counter[tuple[str, int]] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        rows = [
            f"{kind:5}" + "".join(f" {status}: {self.answers[kind, status]:6}" for status in sorted({200} | set(REFUSALS.values())))
            for kind in sorted({kind for kind, _ in self.answers})
        ]
        return "\n".join([*rows, *self.wrong])


@cache
def expected_class(data: bytes) -> int:
    """The class that the level model must find in an intact image."""
    pixels = cv2.imdecode(np.frombuffer(upright(inspect_image(data, MAX_PIXELS)).data, np.uint8), cv2.IMREAD_COLOR)
    assert pixels is not None
    return level_class(pixels.astype(np.uint8, copy=False))


def mutated(seed: int, index: int) -> Sent:
    """The image at an index, always the same for a seed; every twentieth is intact."""
    random = Random(f"{seed}-{index}")  # noqa: S311
    name = random.choice(NAMES)
    if index % INTACT_EVERY == 0:
        return Sent(name, SEEDS[name], expected_class(SEEDS[name]))
    return Sent(name, mutate(random, name, SEEDS[name]) or b"\0", None)


def post(connection: HTTPConnection, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, dict[str, Any]]:
    """The status, and the JSON of an answer."""
    connection.request("POST", path, body, headers)
    response = connection.getresponse()
    return response.status, json.loads(response.read())


def send_batch(connection: HTTPConnection, images: Sequence[Sent]) -> list[tuple[int, dict[str, Any]]]:
    """The outcomes of one request; that of the whole request for each image if it was refused."""
    head = b'--%b\r\nContent-Disposition: form-data; name="image"; filename="a"\r\n\r\n' % BOUNDARY
    body = b"".join(head + image.data + b"\r\n" for image in images) + b"--%b--\r\n" % BOUNDARY
    status, answer = post(connection, "/classify/batch", body, FORM)
    if status != 200:
        return [(status, answer)] * len(images)
    return [(REFUSALS.get(item["code"], 500) if "code" in item else 200, item) for item in answer["results"]]


def fault(status: int, answer: dict[str, Any], wanted_class: int | None) -> str:
    """What is wrong with an answer, or nothing."""
    if status != 200:
        refused = wanted_class is None and REFUSALS.get(answer["code"]) == status and set(answer) - {"request_id"} == {"error", "code"}
        return "" if refused else "refused"
    classes = [prediction["class_id"] for prediction in answer["predictions"]]
    if len(classes) != 5 or not all(0 <= prediction["score"] <= 1 for prediction in answer["predictions"]):
        return "answered, but not with five classes"
    return "" if wanted_class in (None, classes[0]) else f"answered with class {classes[0]} instead of {wanted_class}"


def work(server: ServerProcess, seed: int, batches: Sequence[range], report: Report) -> None:
    """Send these images on one connection."""
    connection = HTTPConnection(*server.address, timeout=60)
    for number, batch in enumerate(batches):
        images = [mutated(seed, index) for index in batch]
        if number % ALONE_EVERY:
            outcomes = send_batch(connection, images)
        else:
            outcomes = [post(connection, "/classify", image.data, BYTES) for image in images]
        for (name, data, wanted_class), (status, answer) in zip(images, outcomes, strict=True):
            report.answers[name.partition(",")[0], status] += 1
            if problem := fault(status, answer, wanted_class):
                report.wrong.append(f"{name}: {status}, {problem}: {answer}\n{base64.b64encode(data).decode()}")
    connection.close()


def run(server: ServerProcess, seed: int, images: range) -> Report:
    """Send the images at these indices, on a few connections."""
    report = Report()
    batches = [images[start : start + BATCH] for start in range(0, len(images), BATCH)]
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        for done in [pool.submit(work, server, seed, batches[first::CONNECTIONS], report) for first in range(CONNECTIONS)]:
            done.result()
    return report
