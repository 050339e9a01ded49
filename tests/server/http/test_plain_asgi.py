"""The application decides the same under each ASGI server. Our own connection adds limits of heads and of slow clients."""

import base64
import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import httpx
import pytest

from tests.level_model import level_png
from tests.server.asgi_servers import KEY, LATENCY_S, SERVERS, WINDOW, serving
from tests.server.bare_client import BareClient
from tests.server.process import NO_TLS

Address = tuple[str, int]
IMAGE = level_png(8)
TRIES = 5  # a busy machine may empty the window before it asks
AUTHORISED = {"X-Api-Key": KEY}


@pytest.fixture(scope="module", params=SERVERS)
def address(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Address]:
    with serving(request.param, tmp_path_factory.mktemp("evaluations")) as there:
        yield there


@pytest.fixture
def client(address: Address) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"http://{address[0]}:{address[1]}", headers=AUTHORISED, timeout=30, verify=NO_TLS) as client:
        yield client


def head(path: str, *lines: str, key: str = KEY) -> bytes:
    """A request to classify without its body: what is answered to it is decided before the body."""
    return "\r\n".join([f"POST {path} HTTP/1.1", "Host: a", f"X-Api-Key: {key}", "Connection: close", *lines, "", ""]).encode()


def answer(address: Address, sent: bytes) -> tuple[int, str]:
    """The status and the code that is answered to these bytes."""
    with BareClient(address) as client:
        client.send(sent)
        while b"}" not in client.received:
            received = client.socket.recv(65536)
            assert received, bytes(client.received)
            client.received += received
    text = bytes(client.received)
    return int(text.split(b" ", 2)[1]), json.loads(text.partition(b"\r\n\r\n")[2])["code"]


LONG, CHUNKED = "Content-Length: 400000", "Transfer-Encoding: chunked"


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (head("/classify", LONG, key="wrong"), (401, "unauthorized")),
        (head("/classify", LONG), (413, "body_too_large")),
        (head("/classify/batch", LONG), (413, "body_too_large")),
        (head("/classify", CHUNKED) + b"493e1\r\n" + b"x" * 300_001 + b"\r\n", (413, "body_too_large")),
        (head("/a//b", LONG), (404, "not_found")),
        (head("/web/../app.py", LONG), (404, "not_found")),
        (head("/web/%2e%2e/app.py", LONG), (404, "not_found")),
        (head("/nothing", LONG), (404, "not_found")),
        (head("/info", LONG), (405, "method_not_allowed")),
    ],
)
def test_refused_before_the_body_has_come(address: Address, sent: bytes, expected: tuple[int, str]) -> None:
    assert answer(address, sent) == expected


@pytest.mark.parametrize(
    ("body", "headers", "expected"),
    [
        (b"no image", {}, (415, "unsupported_image")),
        (IMAGE[:-20], {}, (422, "undecodable_image")),
        (IMAGE, {"X-Api-Key": ""}, (401, "unauthorized")),
        (b"{}", {"Content-Type": "application/json"}, (400, "bad_request")),
        (b"", {}, (400, "bad_request")),
    ],
)
def test_refused_for_its_body(client: httpx.Client, body: bytes, headers: dict[str, str], expected: tuple[int, str]) -> None:
    reply = client.post("/classify", content=body, headers=headers)
    assert (reply.status_code, reply.json()["code"]) == expected
    assert set(reply.json()) == {"error", "code", "request_id"}
    assert reply.headers["x-request-id"] == reply.json()["request_id"]
    assert reply.headers["x-content-type-options"] == "nosniff"


def test_an_image_and_a_batch_are_answered(client: httpx.Client) -> None:
    one = client.post("/classify?top_k=2", content=IMAGE).json()
    assert [score["class_id"] for score in one["predictions"]] == [7, 8]
    images = [base64.b64encode(data).decode() for data in (IMAGE, b"no image", IMAGE)]
    results = client.post("/classify/batch", json={"images": images, "top_k": 2}).json()["results"]
    assert [result.get("code") or result["predictions"] for result in results] == [
        one["predictions"],
        "unsupported_image",
        one["predictions"],
    ]


def test_a_request_that_takes_too_long(client: httpx.Client) -> None:
    reply = client.post(f"/classify?timeout_ms={LATENCY_S * 200:.0f}", content=IMAGE)
    assert (reply.status_code, reply.json()["code"]) == (504, "deadline_exceeded")


def wait_for(condition: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline_s
        time.sleep(0.01)


def metric(client: httpx.Client, series: str) -> float:
    """The value of a series, whose text is as in /metrics."""
    return sum(float(line.rpartition(" ")[2]) for line in client.get("/metrics").text.splitlines() if line.startswith(series))


def test_a_full_window_is_told_before_the_body(address: Address, client: httpx.Client) -> None:
    def is_full() -> bool:
        return metric(client, "classify_in_flight") == WINDOW

    def fill() -> bool:
        """Whether the window is full; the engine may still be at an image of an earlier test, and refuse one of these."""
        running[:] = [pool.submit(client.post, "/classify", content=IMAGE) for _ in range(WINDOW)]
        wait_for(lambda: is_full() or all(request.done() for request in running))
        return is_full()

    def refusal() -> tuple[int, str]:
        """What is answered to a head; its body never comes, so a window that is no longer full ends in a time limit."""
        wait_for(fill)
        try:
            return answer(address, head("/classify", "Content-Length: 1000"))
        except TimeoutError:
            return 408, "request_timeout"

    running: list[Future[httpx.Response]] = []
    with ThreadPoolExecutor(WINDOW) as pool:
        found = next(told for _ in range(TRIES) if (told := refusal())[0] != 408)
        assert found == (429, "saturated")
        assert {request.result().status_code for request in running} == {200}


def test_all_bodies_together_have_a_limit(address: Address, client: httpx.Client) -> None:
    with BareClient(address) as first:
        first.send(head("/classify", "Content-Length: 290000") + bytes(280_000))
        wait_for(lambda: metric(client, "classify_body_bytes") == 280_000)
        assert answer(address, head("/classify", "Content-Length: 290000")) == (429, "saturated")
    wait_for(lambda: metric(client, "classify_body_bytes") == 0)


def test_a_client_that_goes_away_gives_up_its_image(address: Address, client: httpx.Client) -> None:
    gone = 'classify_images_total{engine="fake",model="efficientnet_lite0",outcome="abandoned"}'
    before = metric(client, gone)
    with BareClient(address) as first:
        first.send(head("/classify", f"Content-Length: {len(IMAGE)}") + IMAGE)
        wait_for(lambda: metric(client, "classify_in_flight") == 1)
    wait_for(lambda: metric(client, gone) == before + 1)
    wait_for(lambda: metric(client, "classify_in_flight") == 0)
