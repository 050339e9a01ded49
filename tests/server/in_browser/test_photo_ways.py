"""Photos by the camera, the clipboard and links, in a real browser."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from tests.level_model import level_png
from tests.server.browser import browser, complaints
from tests.server.in_browser.classify_page import click, shown, texts, until, until_text
from tests.server.process import ServerProcess

__all__ = ["browser"]  # a fixture

# A paste or a drop with a file, or with a text of some type, as a browser makes it.
GIVE = """
const [kind, type, text, bytes] = arguments;
const transfer = new DataTransfer();
if (bytes) transfer.items.add(new File([Uint8Array.from(bytes)], 'image.png', { type: 'image/png' }));
else transfer.setData(type, text);
const options = { bubbles: true, cancelable: true, clipboardData: transfer, dataTransfer: transfer };
document.body.dispatchEvent(kind === 'paste' ? new ClipboardEvent(kind, options) : new DragEvent(kind, options));
"""


class Pictures(BaseHTTPRequestHandler):
    """Another site: a picture that all pages may read, one that none may, a page, and nothing else."""

    asked: ClassVar[list[tuple[str, str | None, str | None]]] = []

    def do_GET(self) -> None:
        self.asked.append((self.path, self.headers["Referer"], self.headers["Cookie"]))
        self.send_response(404 if self.path == "/open/missing" else 200)
        self.send_header("Content-Type", "text/html" if self.path == "/open/page" else "image/png")
        if self.path.startswith("/open"):
            self.send_header("Access-Control-Allow-Origin", "*")
        self.end_headers()
        self.wfile.write(level_png(40))

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Pictures) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def page(browser: Chrome, fake_server: ServerProcess) -> Chrome:
    browser.get(f"{fake_server.url}/")
    until(browser, "#result[data-state=idle]")
    complaints(browser)
    return browser


def test_the_camera_takes_a_picture_and_stops(page: Chrome) -> None:
    click(page, "#camera")
    until(page, "#viewfinder:not([hidden])")
    assert not shown(page, "#caption")
    click(page, "#stage")  # while the camera is on it opens no dialog
    click(page, "#shoot")
    until(page, "#result[data-state=done]")
    assert page.find_element(By.ID, "photo-name").text.startswith("camera-")
    assert page.execute_script("return [document.getElementById('viewfinder').srcObject, preview.naturalWidth > 100]") == [None, True]
    click(page, "#camera")
    until(page, "#viewfinder:not([hidden])")
    click(page, "#stop-camera")
    assert page.execute_script("return document.getElementById('viewfinder').srcObject") is None
    assert shown(page, "#caption")
    assert complaints(page) == []


def test_at_an_address_that_is_not_secure_there_is_no_camera(browser: Chrome, fake_server: ServerProcess) -> None:
    browser.get(f"http://evil.test:{fake_server.address[1]}/")
    until(browser, "#result[data-state=idle]")
    assert shown(browser, "#link")
    assert not shown(browser, "#camera")


def test_a_picture_is_pasted(page: Chrome) -> None:
    page.execute_script(GIVE, "paste", "", "", list(level_png(40)))
    until(page, "#result[data-state=done]")
    assert page.find_element(By.ID, "photo-name").text.startswith("pasted photo, ")


@pytest.mark.parametrize(("kind", "type_"), [("paste", "text/plain"), ("drop", "text/uri-list")])
def test_a_link_is_fetched_by_the_browser_where_its_site_allows_it(page: Chrome, site: str, kind: str, type_: str) -> None:
    Pictures.asked.clear()
    page.execute_script(GIVE, kind, type_, f"http://{site}/open/grey%20field.png", None)
    until(page, "#result[data-state=done]")
    assert page.find_element(By.ID, "photo-name").text.startswith("grey field.png, ")
    assert Pictures.asked == [("/open/grey%20field.png", None, None)]  # with no word about who asks
    assert complaints(page) == []


@pytest.mark.parametrize(
    ("link", "words"),
    [
        ("http://{site}/closed.png", "does not allow other pages to read its files (CORS). Save the picture and drop it here"),
        ("http://{site}/open/missing", "{site} answered 404"),
        ("http://{site}/open/page", "{site} sent a page (text/html), not a picture"),
        ("ftp://{site}/a.png", "It has to begin with https:// or http://"),
    ],
)
def test_a_link_that_gives_no_picture_is_told(page: Chrome, site: str, link: str, words: str) -> None:
    click(page, "#link")
    page.find_element(By.ID, "link-address").send_keys(link.format(site=site), Keys.ENTER)
    until_text(page, "#notice-text", words.format(site=site))
    assert not shown(page, "#retry")


def test_a_text_that_was_dropped_is_told(page: Chrome) -> None:
    page.execute_script(GIVE, "drop", "text/plain", "a poem", None)
    until_text(page, "#notice-text", "neither a file nor a link")
    page.execute_script(GIVE, "paste", "text/plain", "note: a poem", None)
    assert "neither a file nor a link" in texts(page, "#notice-text")[0]
