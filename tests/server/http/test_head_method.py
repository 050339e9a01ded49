"""HEAD is answered as GET without the body, under each ASGI server and by the clients that ask it."""

import io
import subprocess
import time
import zipfile
from collections.abc import Callable, Iterator

import httpx
import pytest

from tests.level_model import level_png
from tests.server.asgi_servers import KEY, SERVERS, serving
from tests.server.bare_client import BareClient
from tests.server.process import NO_TLS, ServerProcess

OWN = {"date", "x-request-id", "server-timing", "connection", "transfer-encoding"}
"""Headers that differ from one answer to the next, or that HEAD may leave out (RFC 9110, 9.3.2)."""
PATHS = [
    ("/", 200),
    ("/health/live", 200),
    ("/health/ready", 200),
    ("/info", 200),
    ("/docs", 200),
    ("/openapi.json", 200),
    ("/docs-assets/swagger-ui.css", 200),
    ("/web/classify.js", 200),
    ("/evaluate", 200),
    ("/nothing", 404),
    ("/a//b", 404),
    ("/web/nothing", 404),
    ("/classify", 405),
    ("/evaluate/nothing", 404),
]


@pytest.fixture(scope="module", params=SERVERS)
def client(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with (
        serving(request.param, tmp_path_factory.mktemp("evaluations")) as (host, port),
        httpx.Client(base_url=f"http://{host}:{port}", headers={"X-Api-Key": KEY}, timeout=30, verify=NO_TLS) as client,
    ):
        yield client


def headers(reply: httpx.Response) -> dict[str, str]:
    return {name: value for name, value in reply.headers.items() if name not in OWN}


@pytest.mark.parametrize(("path", "status"), PATHS)
def test_as_get(client: httpx.Client, path: str, status: int) -> None:
    asked, got = client.head(path), client.get(path)
    assert (asked.status_code, headers(asked)) == (status, headers(got))
    assert int(asked.headers["content-length"]) == (len(got.content) if status == 200 else int(got.headers["content-length"]))


def test_nothing_follows_the_headers(client: httpx.Client) -> None:
    for path in ("/info", "/metrics", "/nothing", "/web/classify.js"):
        with BareClient((client.base_url.host, client.base_url.port or 0)) as bare:
            bare.send(f"HEAD {path} HTTP/1.1\r\nHost: a\r\nX-Api-Key: {KEY}\r\nConnection: close\r\n\r\n".encode())
            while piece := bare.socket.recv(65536):
                bare.received += piece
        assert bare.received.count(b"\r\n\r\n") == 1, path
        assert bare.received.endswith(b"\r\n\r\n"), path


def test_without_the_key(client: httpx.Client) -> None:
    refused = client.head("/info", headers={"X-Api-Key": "wrong"})
    assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")


def wait_for(condition: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline_s
        time.sleep(0.1)


def test_an_evaluation_and_its_endless_events(client: httpx.Client, request: pytest.FixtureRequest) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as writer:
        for number in range(5):
            writer.writestr(f"{number}/{number}.png", level_png(number * 4))
    place = client.post("/evaluate", files={"archive": archive.getvalue()}).headers["location"]
    counted = 'classify_http_requests_total{code="200",endpoint="/evaluate/{job_id}/events",method="HEAD"} 1.0'

    asked = client.head(f"{place}/events")
    assert (asked.status_code, asked.headers["content-type"].partition(";")[0]) == (200, "text/event-stream")
    wait_for(lambda: counted in client.get("/metrics").text)
    assert client.get(place).json()["state"] in ("queued", "running")  # so the events did not go on to their end

    wait_for(lambda: client.get(place).json()["state"] == "finished")
    accepts = ("*/*", "text/html") if request.node.callspec.params["client"] == "ours" else ("*/*",)  # a page is drawn the same for all
    for path in ("/evaluate", place, f"{place}/report", f"{place}/predictions"):
        for accept in accepts:
            asked, got = (client.request(method, path, headers={"Accept": accept}) for method in ("HEAD", "GET"))
            assert (asked.status_code, headers(asked)) == (got.status_code, headers(got)), path


def test_wget_and_curl(fake_server: ServerProcess) -> None:
    for path in ("/", "/health/ready", "/metrics", "/info", "/docs"):
        subprocess.run(["wget", "-q", "--spider", fake_server.url + path], check=True)
        told = subprocess.check_output(["curl", "-fsI", fake_server.url + path], text=True)
        assert told.startswith("HTTP/1.1 200 "), path
    assert fake_server.metric("classify_http_requests_total", endpoint="/metrics", method="HEAD", code="200") >= 2
