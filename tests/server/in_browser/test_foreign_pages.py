"""Pages of other sites, in a real browser: none reaches a route that changes or reads what is the operator's."""

import base64
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

from tests.level_model import level_png
from tests.server.browser import browser
from tests.server.process import ServerProcess

__all__ = ["browser"]  # a fixture
WAIT_S = 20
ROUTES = ("/admin/models/reload", "/admin/drain", "/evaluate")

# All that a page can send elsewhere without asking: fetch with the three simple types, a beacon, a form in a frame, a picture.
SEND = """
const [url, done] = arguments;
const text = '{"dataset": "x"}', form = new FormData();
form.append('archive', new Blob([text]), 'set.zip');
const bodies = [new Blob([text], {type: 'text/plain'}), new URLSearchParams({dataset: 'x'}), form];
const sent = bodies.map(body => fetch(url, {method: 'POST', mode: 'no-cors', credentials: 'include', body}));
navigator.sendBeacon(url, text);
const picture = new Promise(over => {
  const image = new Image();
  image.onload = image.onerror = over;
  image.src = url;
});
const framed = new Promise(over => {
  const frame = document.createElement('iframe'), element = document.createElement('form');
  frame.name = 'hidden';
  document.body.append(frame, element);
  Object.assign(element, {method: 'POST', action: url, target: frame.name, enctype: 'text/plain'}).submit();
  frame.onload = over;
});
Promise.all([...sent, picture, framed]).then(() => done('sent'), error => done(String(error)));
"""
POSTS = 5
"""The requests of SEND that are POST."""

ASK = """
const [path, method, body, done] = arguments;
const headers = body ? {'Content-Type': 'application/json'} : {};
fetch(path, {method, headers, body}).then(async reply => done([reply.status, await reply.json()]), error => done([0, String(error)]));
"""


class Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>foreign</title><body>")

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def foreign_port() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def posts(server: ServerProcess, path: str) -> dict[str, float]:
    """How many POST were answered so far: the refused ones, and all."""
    labels = {"endpoint": path, "method": "POST"}
    return {
        "refused": server.metric("classify_http_requests_total", code="403", **labels),
        "all": server.metric("classify_http_requests_total", **labels),
    }


@pytest.mark.parametrize("path", ROUTES)
@pytest.mark.parametrize("host", ["127.0.0.1", "evil.test"])
def test_a_foreign_page_is_refused(browser: Chrome, fake_server: ServerProcess, foreign_port: int, host: str, path: str) -> None:
    before = posts(fake_server, path)
    browser.get(f"http://{host}:{foreign_port}/")
    assert browser.execute_async_script(SEND, fake_server.url + path) == "sent"
    WebDriverWait(browser, WAIT_S).until(lambda _: posts(fake_server, path)["all"] == before["all"] + POSTS)
    assert posts(fake_server, path) == {name: count + POSTS for name, count in before.items()}
    assert fake_server.client.get("/evaluate").json() == []


@pytest.mark.parametrize("path", ROUTES)
def test_a_form_that_leaves_the_foreign_page_is_refused(browser: Chrome, fake_server: ServerProcess, foreign_port: int, path: str) -> None:
    browser.get(f"http://127.0.0.1:{foreign_port}/")
    browser.execute_script(
        "const form = document.body.appendChild(document.createElement('form'));"
        "Object.assign(form, {method: 'POST', action: arguments[0]}); form.submit();",
        fake_server.url + path,
    )
    WebDriverWait(browser, WAIT_S).until(lambda _: '"code":"forbidden"' in browser.find_element(By.TAG_NAME, "body").text)


def ask(browser: Chrome, path: str, method: str = "GET", body: str | None = None) -> tuple[int, Any]:
    status, reply = browser.execute_async_script(ASK, path, method, body)
    return status, reply


def test_a_page_by_dns_rebinding_is_refused(browser: Chrome, fake_server: ServerProcess) -> None:
    """For the browser it has the server's own origin, so it may read all replies and send any header."""
    browser.get(f"http://evil.test:{fake_server.address[1]}/")
    wanted = [("/evaluate", "GET"), ("/evaluate/x", "DELETE"), *((path, "POST") for path in ROUTES)]
    for path, method in wanted:
        status, reply = ask(browser, path, method, '{"dataset": "x"}' if method == "POST" else None)
        assert (status, reply["code"]) == (403, "forbidden"), (method, path)
        assert "ALLOWED_HOSTS" in reply["error"]


# What a program of another site does: a photo with a key and an id of its own, then what it may read of the answer.
CLASSIFY = """
const [url, key, image, done] = arguments;
const body = Uint8Array.from(atob(image), (letter) => letter.charCodeAt(0));
const headers = {'Content-Type': 'image/png', 'X-Api-Key': key, 'X-Request-Id': 'from-afar'};
fetch(url, {method: 'POST', headers, body}).then(
  async (reply) => done([reply.status, reply.headers.get('X-Request-Id'), await reply.json()]),
  (error) => done([0, '', String(error)]));
"""


def test_a_listed_page_reads_answers_and_refusals_another_one_nothing(browser: Chrome, foreign_port: int) -> None:
    image = base64.b64encode(level_png(8)).decode()

    def sent(server: ServerProcess, path: str, key: str) -> tuple[int, str, str]:
        status, request_id, reply = browser.execute_async_script(CLASSIFY, server.url + path, key, image)
        return status, request_id, reply.get("code", "") if isinstance(reply, dict) else "none"

    listed = f"http://127.0.0.1:{foreign_port}"
    with ServerProcess(engines="fake", cors_origins=listed, api_key="s3cret", max_body_bytes=4000) as server:
        browser.get(f"{listed}/")
        assert sent(server, "/classify", "s3cret") == (200, "from-afar", "")
        assert sent(server, "/classify", "wrong") == (401, "from-afar", "unauthorized")
        assert sent(server, "/classify?top_k=99", "s3cret") == (400, "from-afar", "bad_request")
        assert sent(server, "/nothing", "s3cret") == (404, "from-afar", "not_found")
        browser.get(f"http://evil.test:{foreign_port}/")
        assert sent(server, "/classify", "s3cret") == (0, "", "none")


@pytest.mark.parametrize(("all_may_read", "status"), [(False, 200), (True, 403)])
def test_only_a_page_that_is_listed_by_name_reaches_into_the_machine(
    browser: Chrome, foreign_port: int, all_may_read: bool, status: int
) -> None:
    listed = f"http://127.0.0.1:{foreign_port}"
    with ServerProcess(engines="fake", cors_origins="*" if all_may_read else listed) as server:
        browser.get(f"{listed}/")
        assert ask(browser, f"{server.url}/evaluate")[0] == status
        assert ask(browser, f"{server.url}/admin/models/reload", "POST")[0] == status
        assert ask(browser, f"{server.url}/info")[0] == 200
        browser.get(f"http://evil.test:{foreign_port}/")
        assert ask(browser, f"{server.url}/evaluate")[0] == (403 if all_may_read else 0)
        assert ask(browser, f"{server.url}/info")[0] == (200 if all_may_read else 0)
        assert server.metric("classify_http_requests_total", endpoint="/evaluate", method="GET", code="200") == (0 if all_may_read else 1)


def test_our_own_page_is_answered(browser: Chrome, fake_server: ServerProcess) -> None:
    browser.get(f"{fake_server.url}/")
    assert ask(browser, "/evaluate") == (200, [])
    status, reply = ask(browser, "/evaluate", "POST", '{"dataset": "x"}')
    assert (status, reply["code"]) == (404, "not_found")
    status, reply = ask(browser, "/admin/models/reload", "POST")
    assert (status, reply["version"]) == (200, "1")
