"""The pages load only what is here, by relative links, and stand in the place of what needs a key."""

import re
from urllib.parse import urljoin

import httpx
import pytest

from server.api.pages import back_to, prefers_html
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


@pytest.mark.parametrize(("path", "up"), [("/info", ""), ("/evaluate/1/report", "../../"), ("/a/", "../")])
def test_the_page_finds_its_files_from_any_path(keyed_server: ServerProcess, path: str, up: str) -> None:
    text = keyed_server.client.get(path, headers={"Accept": "text/html"}).text
    assert f'src="{up}web/masthead.js"' in text
    assert f'href="{up or "./"}"' in text
    assert f'action="{up}sign-in"' in text
    assert f'name="next" value="{path[1:]}"' in text


@pytest.mark.parametrize(
    ("accept", "language"), [("", "en"), ("zh-TW,en;q=0.5", "zh-CN"), ("en-GB, zh;q=0.9", "en"), ("fr, zh;q=0.1", "zh-CN")]
)
def test_a_page_is_in_the_language_of_the_browser(fake_server: ServerProcess, accept: str, language: str) -> None:
    reply = fake_server.client.get("/", headers={"Accept-Language": accept})
    assert f'<html lang="{language}">' in reply.text
    assert "Accept-Language" in reply.headers["vary"]


def test_a_chosen_language_is_remembered(fake_server: ServerProcess) -> None:
    with httpx.Client(base_url=fake_server.url, follow_redirects=True) as browser:
        assert '<html lang="zh-CN">' in browser.get("/language?to=zh&next=docs").text
        assert browser.get("/language?to=zh&next=docs").url.path == "/docs"
        assert '<html lang="zh-CN">' in browser.get("/", headers={"Accept-Language": "en"}).text
        assert '<html lang="en">' in browser.get("/language?to=en").text
        assert '<html lang="en">' in browser.get("/language?to=xx").text


@pytest.mark.parametrize("place", ["//evil.test", "https://evil.test", "\\\\evil.test", "a b", "x\r\nSet-Cookie: y", "a" * 501, "é"])
def test_no_redirect_leaves_the_server(place: str) -> None:
    assert urljoin("http://server.test/language", back_to(place)).startswith("http://server.test/")
    assert urljoin("http://server.test/a/language", back_to("evaluate/1?x=2")) == "http://server.test/a/evaluate/1?x=2"


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
