"""No client can add a series to the metrics."""

import random
import re

from tests.attack.attackers import PIPELINED, random_requests
from tests.attack.conftest import Figures
from tests.server.bare_client import BareClient
from tests.server.process import ServerProcess

REQUESTS = 10_000
ENDPOINTS = {"other", "/web", "/docs-assets", "/evaluate/{job_id}", "/evaluate/{job_id}/report", "/metrics", "/classify", "/classify/batch"}


def series(server: ServerProcess) -> set[str]:
    return {line.rpartition(" ")[0] for line in server.client.get("/metrics").text.splitlines() if line.startswith("classify_")}


def send_all(server: ServerProcess, source: random.Random, requests: int) -> None:
    for _ in range(requests // PIPELINED):
        with BareClient(server.address).send(random_requests(source)).socket as client:
            while client.recv(65536):
                pass


def test_random_requests_add_no_series(figures: Figures) -> None:
    source = random.Random(1)
    with ServerProcess(engines="fake") as server:
        send_all(server, source, REQUESTS // 5)  # every method meets every route
        before = series(server)
        send_all(server, source, REQUESTS)
        after = series(server)
        answered = server.metric("classify_http_requests_total")
    figures(f"{answered:.0f} random requests", f"{len(before)} series before, {len(after)} after", "as many")
    assert answered > REQUESTS
    assert {label for name in after for label in re.findall(r'endpoint="(.*?)"', name)} <= ENDPOINTS
    assert after == before
