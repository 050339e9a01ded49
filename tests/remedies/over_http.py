"""Remedies that a client of the server reads."""

import base64
import gzip
import io
import subprocess
import sys
import tarfile
import time
import zlib

import cv2
import httpx
import numpy as np

from server.errors import (
    BadRequest,
    BodyTooLarge,
    DeadlineExceeded,
    Forbidden,
    HeadersTooLarge,
    ImageTooLarge,
    MethodNotAllowed,
    NotFound,
    RequestTimeout,
    Saturated,
    TooManyConnections,
    Unauthorized,
    UndecodableImage,
    UnsupportedCoding,
    UnsupportedImage,
    UriTooLong,
)
from server.evaluation.evaluation_errors import ArchiveTooLarge
from server.serving.budgets import BodyBudget
from server.telemetry.metrics import Metrics
from tests.level_model import level_png
from tests.remedies.scenario import (
    API_KEY,
    MAX_CONNECTIONS,
    MAX_UPLOAD_BYTES,
    Place,
    Refusal,
    Scenario,
    after,
    answered,
    called,
    provokes,
    said,
)
from tests.server.bare_client import BareClient

PICTURE = level_png(40)


@provokes(BadRequest)
def request_without_an_image(place: Place) -> Scenario:
    bodies: list[dict[str, object]] = [{"content": b""}]

    def mend(words: str) -> None:
        said(words, "as the body", "multipart field `image`", "base64 in JSON")
        coded = base64.b64encode(PICTURE).decode()
        bodies[:] = [{"content": PICTURE}, {"files": {"image": PICTURE}}, {"json": {"image": coded}}]

    return Scenario(lambda: next(filter(None, (answered(place.send("POST", "/classify", **body)) for body in bodies)), None), mend)


@provokes(Unauthorized)
def request_without_the_key(place: Place) -> Scenario:
    headers: list[dict[str, str]] = [{}]

    def mend(words: str) -> None:
        said(words, "X-Api-Key", "Authorization: Bearer")
        headers[:] = [{"X-Api-Key": API_KEY}, {"Authorization": f"Bearer {API_KEY}"}]

    return Scenario(
        lambda: next(filter(None, (answered(place.keyed_server.client.get("/info", headers=each)) for each in headers)), None), mend
    )


@provokes(Forbidden)
def request_of_a_foreign_page(place: Place) -> Scenario:
    headers = {"Origin": "http://evil.example", "Sec-Fetch-Site": "cross-site"}

    def mend(words: str) -> None:
        said(words, "or use curl")
        del headers["Origin"], headers["Sec-Fetch-Site"]  # curl sends neither

    return Scenario(lambda: answered(place.send("POST", "/evaluate", headers=headers, json={"dataset": "val"})), mend)


@provokes(NotFound)
def route_that_is_not(place: Place) -> Scenario:
    path = ["/clasify"]

    def mend(words: str) -> None:
        said(words, "GET /docs lists the routes")
        assert place.send("GET", "/docs").status_code == 200
        path[0] = next(each for each in place.send("GET", "/openapi.json").json()["paths"] if each.endswith("/classify"))

    return Scenario(lambda: answered(place.send("POST", path[0], content=PICTURE)), mend)


@provokes(MethodNotAllowed)
def method_that_the_route_lacks(place: Place) -> Scenario:
    method = ["DELETE"]

    def mend(words: str) -> None:
        said(words, "GET /docs lists the routes")
        method[0] = place.send("DELETE", "/classify").headers["Allow"].partition(",")[0]

    return Scenario(lambda: answered(place.send(method[0], "/classify", content=PICTURE)), mend)


@provokes(BodyTooLarge)
def body_above_the_limit(place: Place) -> Scenario:
    pictures = [cv2.imencode(".bmp", np.zeros((400, 400, 3), np.uint8))[1].tobytes()]
    return Scenario(
        lambda: answered(place.send("POST", "/classify", content=pictures[-1])),
        after("Send a smaller image", do=lambda: pictures.append(PICTURE)),
    )


@provokes(ImageTooLarge)
def image_above_the_limit(place: Place) -> Scenario:
    pictures = [np.zeros((1200, 1200, 3), np.uint8)]

    def mend(words: str) -> None:
        said(words, "Send a smaller version of it")
        pictures[0] = cv2.resize(pictures[0], (600, 600)).astype(np.uint8)

    return Scenario(lambda: answered(place.send("POST", "/classify", content=cv2.imencode(".png", pictures[0])[1].tobytes())), mend)


@provokes(UndecodableImage)
def image_that_is_cut_off(place: Place) -> Scenario:
    pictures = [PICTURE[:-20]]
    return Scenario(
        lambda: answered(place.send("POST", "/classify", content=pictures[-1])),
        after("send the original file", do=lambda: pictures.append(PICTURE)),
    )


@provokes(UnsupportedImage)
def tiff_that_is_converted(place: Place) -> Scenario:
    """By the line that is printed; tests/server/images/test_foreign_formats.py has the other formats."""
    photo = place.folder / "photo.tif"
    photo.write_bytes(cv2.imencode(".tif", np.full((40, 40, 3), 40, np.uint8))[1].tobytes())

    def mend(words: str) -> None:
        line = words.partition("Convert it: ")[2].replace("python", sys.executable, 1)
        subprocess.run(["sh", "-c", line], cwd=place.folder, check=True)
        (place.folder / "photo.png").rename(photo)

    return Scenario(lambda: answered(place.send("POST", "/classify", content=photo.read_bytes())), mend)


@provokes(UnsupportedCoding)
def body_packed_otherwise(place: Place) -> Scenario:
    bodies = [("br", b"packed")]

    def mend(words: str) -> None:
        said(words, "Those that are: gzip, deflate, identity")
        bodies[:] = [("gzip", gzip.compress(PICTURE)), ("deflate", zlib.compress(PICTURE)), ("identity", PICTURE)]

    def attempt() -> Refusal | None:
        replies = [place.send("POST", "/classify", content=body, headers={"Content-Encoding": coding}) for coding, body in bodies]
        return next(filter(None, map(answered, replies)), None)

    return Scenario(attempt, mend)


@provokes(DeadlineExceeded)
def deadline_too_short(place: Place) -> Scenario:
    noise = cv2.resize(np.random.default_rng(0).integers(0, 256, (99, 99, 3), np.uint8), (990, 990))
    options = {"timeout_ms": 1}
    data = cv2.imencode(".jpg", noise, [cv2.IMWRITE_JPEG_QUALITY, 80])[1].tobytes()
    return Scenario(
        lambda: answered(place.send("POST", "/classify", content=data, params=options)),
        after("Ask for more time", do=lambda: options.update(timeout_ms=10_000)),
    )


def _raw(place: Place, *pieces: bytes) -> Refusal | None:
    """Send bytes; the refusal of the answer."""
    client = BareClient(place.server.address)
    ((status, body),) = client.send(*pieces).answers()
    client.socket.close()
    return answered(httpx.Response(status, json=body))


def _get(target: str, *headers: str) -> bytes:
    return "\r\n".join((f"GET {target} HTTP/1.1", "Host: localhost", "Connection: close", *headers, "", "")).encode()


@provokes(UriTooLong)
def url_too_long(place: Place) -> Scenario:
    targets = [f"/info?note={'x' * 9000}"]
    return Scenario(lambda: _raw(place, _get(targets[-1])), after("Shorten the URL", do=lambda: targets.append("/info")))


@provokes(BadRequest)
def query_of_many_parameters(place: Place) -> Scenario:
    targets = ["/info?" + "note=x&" * 65]
    return Scenario(lambda: _raw(place, _get(targets[-1])), after("Send each option once", do=lambda: targets.append("/info")))


@provokes(HeadersTooLarge)
def headers_too_many(place: Place) -> Scenario:
    headers = [f"X-{number}: x" for number in range(101)]

    def mend(words: str) -> None:
        said(words, "Send fewer headers")
        del headers[50:]

    return Scenario(lambda: _raw(place, _get("/info", *headers)), mend)


@provokes(RequestTimeout)
def head_that_does_not_end(place: Place) -> Scenario:
    pieces = [_get("/info")[:-2]]
    return Scenario(lambda: _raw(place, *pieces), after("Send it without pauses", do=lambda: pieces.append(b"\r\n")))


@provokes(TooManyConnections)
def connections_above_the_limit(place: Place) -> Scenario:
    held = [BareClient(place.server.address) for _ in range(MAX_CONNECTIONS)]
    closed: list[bool] = []

    def mend(words: str) -> None:
        said(words, "Try again in a moment")
        for client in held:
            client.socket.close()
        closed.append(True)

    def attempt() -> Refusal | None:
        found = _raw(place, _get("/health/live"))
        for _ in range(200 if closed else 0):
            if found is None:
                break
            time.sleep(0.02)  # the moment
            found = _raw(place, _get("/health/live"))
        return found

    return Scenario(attempt, mend)


@provokes(Saturated)
def bodies_above_the_budget(_place: Place) -> Scenario:
    budget = BodyBudget(100, Metrics())
    budget.take(60, "", "a")
    return Scenario(
        lambda: called(lambda: budget.take(60, "", "a")), after("Try again in a moment", do=lambda: budget.give_back(60, "", "a"))
    )


@provokes(ArchiveTooLarge)
def archive_above_the_limit(place: Place) -> Scenario:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        info = tarfile.TarInfo("0/a.png")
        info.size = MAX_UPLOAD_BYTES + 1
        tar.addfile(info, io.BytesIO(bytes(info.size)))
        tar.addfile(tarfile.TarInfo("1/b.png"), io.BytesIO())
    form: dict[str, object] = {"files": {"archive": gzip.compress(packed.getvalue())}}

    def mend(words: str) -> None:
        said(words, "Put the data set under a root of the server instead")
        form.clear()
        form["json"] = {"dataset": "val"}

    return Scenario(lambda: answered(place.send("POST", "/evaluate", **form)), mend)
