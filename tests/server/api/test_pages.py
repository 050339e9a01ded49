"""The pages load only what is here, by relative links, and stand in the place of what needs a key."""

import re
from urllib.parse import urljoin

import pytest

from server.api.pages import key_page, prefers_html
from tests.server.process import ServerProcess


@pytest.mark.parametrize("page", ["/", "/docs", "/info"])
def test_everything_that_a_page_loads_is_here(keyed_server: ServerProcess, page: str) -> None:
    text = keyed_server.client.get(page, headers={"Accept": "text/html"}).text
    loaded = re.findall(r'(?:src|<link[^>]+href)="([^"]+)"', text)
    assert len(loaded) >= 3
    assert not any(link.startswith(("/", "http")) for link in loaded)
    assert {keyed_server.client.get(urljoin(page, link)).status_code for link in loaded} == {200}


def test_a_browser_gets_a_page_that_asks_for_the_key(keyed_server: ServerProcess) -> None:
    def asked(accept: str, method: str = "GET") -> tuple[int, str, str]:
        reply = keyed_server.client.request(method, "/evaluate", headers={"Accept": accept})
        return reply.status_code, reply.headers["www-authenticate"], reply.headers["content-type"].partition(";")[0]

    assert asked("text/html,application/xhtml+xml,*/*;q=0.8") == (401, "Bearer", "text/html")
    assert asked("*/*") == (401, "Bearer", "application/json")
    assert asked("text/html", "POST") == (401, "Bearer", "application/json")


@pytest.mark.parametrize(
    ("path", "script"), [("/info", "web/key.js"), ("/evaluate/1/report", "../../web/key.js"), ("/a/", "../web/key.js")]
)
def test_the_page_finds_its_files_from_any_path(path: str, script: str) -> None:
    text = bytes(key_page(path).body).decode()
    assert f'src="{script}"' in text
    assert f'href="./{script.removesuffix("web/key.js")}"' in text


@pytest.mark.parametrize(
    ("accept", "html"),
    [
        ("*/*", False),
        ("", False),
        ("text/html", True),
        ("application/json", False),
        ("application/json, text/html;q=0.5", False),
        ("text/html, application/json;q=0.9", True),
        ("text/html;q=x", False),
        ("text/html;q=0", False),
    ],
)
def test_what_is_accepted(accept: str, html: bool) -> None:
    assert prefers_html(accept) is html
