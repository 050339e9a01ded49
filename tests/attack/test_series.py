"""No client can add a series to the metrics."""

import random
import re

from tests.server.bare_client import BareClient
from tests.server.process import ServerProcess

REQUESTS = 10_000
PIPELINED = 20
METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "PROPFIND", "MKCOL")
PATHS = (
    *("/web/{}/../favicon.svg", "/web/{}", "/web//{}", "/web/%2e%2e/{}", "/docs-assets/{}", "/docs-assets/{}/../favicon.png", "/docs/{}"),
    *(
        "/evaluate/{}",
        "/evaluate/{}/report",
        "/{}",
        "/classify/{}",
        "/classify;{}",
        "/./{}/..",
        "//{}",
        "/health/{}",
        "/metrics?{}",
        "/{}/metrics",
    ),
)

ENDPOINTS = {"other", "/web", "/docs-assets", "/evaluate/{job_id}", "/evaluate/{job_id}/report", "/metrics", "/classify", "/classify/batch"}


def random_requests(source: random.Random) -> bytes:
    """Requests of random methods, paths and headers on one connection, the last of which closes it."""
    requests = ""
    for number in range(PIPELINED):
        word = "".join(source.choices("abcdefghijklmnopqrstuvwxyz0123456789.~-_", k=source.randrange(1, 40)))
        last = "Connection: close\r\n" if number == PIPELINED - 1 else ""
        target = source.choice(PATHS).format(word)
        requests += f"{source.choice(METHODS)} {target} HTTP/1.1\r\nHost: {word}\r\nX-Request-Id: {word}\r\nX-{word}: {word}\r\n{last}\r\n"
    return requests.encode()


def series(server: ServerProcess) -> set[str]:
    return {line.rpartition(" ")[0] for line in server.client.get("/metrics").text.splitlines() if line.startswith("classify_")}


def send_all(server: ServerProcess, source: random.Random, requests: int) -> None:
    for _ in range(requests // PIPELINED):
        with BareClient(server.address).send(random_requests(source)).socket as client:
            while client.recv(65536):
                pass


def test_random_requests_add_no_series() -> None:
    source = random.Random(1)
    with ServerProcess(engines="fake") as server:
        send_all(server, source, REQUESTS // 5)  # every method meets every route
        before = series(server)
        send_all(server, source, REQUESTS)
        after = series(server)
        answered = server.metric("classify_http_requests_total")
    print(f"{answered:.0f} answers, {len(before)} series before, {len(after)} after")
    assert answered > REQUESTS
    assert {label for name in after for label in re.findall(r'endpoint="(.*?)"', name)} <= ENDPOINTS
    assert after == before
