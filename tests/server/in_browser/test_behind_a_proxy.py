"""A real proxy serves the server below a path, and takes the path off or not; the pages in a real browser."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver import Chrome
from selenium.webdriver.support.wait import WebDriverWait

from tests.level_model import level_png
from tests.server.browser import browser, complaints, open_afresh
from tests.server.in_browser.test_docs_page import executed, found, opened
from tests.server.process import ServerProcess
from tests.server.reverse_proxy import reverse_proxy

__all__ = ["browser"]  # a fixture
WAIT_S = 30
KEY = "s3cret"
WITH_KEY = {"X-Api-Key": KEY}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    folder = tmp_path_factory.mktemp("val")
    for level in (0, 4):
        (folder / str(level)).mkdir()
        (folder / str(level) / "a.png").write_bytes(level_png(level))
    with ServerProcess(engines="fake", api_key=KEY, root_path="/infer", evaluation_roots=f"val={folder}") as server:
        yield server


@pytest.fixture(params=[True, False], ids=["the proxy takes the path off", "the proxy leaves the path"])
def proxy(request: pytest.FixtureRequest, server: ServerProcess) -> Iterator[str]:
    with reverse_proxy(server.url, forwarded_for=True, path="/infer", takes_off=request.param) as url:
        yield url


def test_links_lead_through_the_proxy(server: ServerProcess, proxy: str) -> None:
    made = httpx.post(f"{proxy}/infer/evaluate", json={"dataset": "val"}, headers=WITH_KEY)
    assert made.status_code == 202
    assert made.headers["location"] == f"/infer/evaluate/{made.json()['id']}"
    assert '"over"' not in httpx.get(f"{proxy}{made.json()['links']['events']}", headers=WITH_KEY).text.splitlines()[0]
    for path in (made.headers["location"], *made.json()["links"].values()):
        assert httpx.get(proxy + path, headers=WITH_KEY).status_code == 200, path
    document = httpx.get(f"{proxy}/infer/openapi.json").json()
    assert document["servers"] == [{"url": "/infer"}]
    assert httpx.post(f"{proxy}/infer/classify", content=level_png(8), headers=WITH_KEY).status_code == 200
    assert httpx.post(f"{proxy}/infer/classify", content=level_png(8)).status_code == 401
    labels = httpx.get(f"{server.url}/metrics", headers=WITH_KEY).text
    assert 'endpoint="/classify"' in labels
    assert "/infer" not in labels


def test_the_servers_own_address_still_works(server: ServerProcess) -> None:
    assert [httpx.get(server.url + path).status_code for path in ("/health/ready", "/infer/health/ready", "/inferno")] == [200, 200, 401]


def test_the_path_without_its_slash_leads_to_the_page(server: ServerProcess) -> None:
    with reverse_proxy(server.url, forwarded_for=True, path="/infer") as proxy:
        found = httpx.get(f"{proxy}/infer", follow_redirects=True)
    assert (found.status_code, found.url.path) == (200, "/infer/")


def test_the_pages_work_with_the_key(browser: Chrome, proxy: str) -> None:
    open_afresh(browser, f"{proxy}/infer/")
    browser.delete_all_cookies()  # those of another port of this host are sent too
    browser.refresh()
    assert [found(browser, f"nav a[href='{name}']").get_property("href") for name in ("docs", "evaluate")] == [
        f"{proxy}/infer/docs",
        f"{proxy}/infer/evaluate",
    ]
    found(browser, "nav a[href='info']").click()
    WebDriverWait(browser, WAIT_S).until(lambda _: browser.title.startswith("Sign in"))
    found(browser, "#key").send_keys("wrong")
    found(browser, "#key-form button").click()
    known = WebDriverWait(browser, WAIT_S, ignored_exceptions=[StaleElementReferenceException])  # the page before may still be there
    known.until(lambda _: "does not know this key" in found(browser, "#reason").text)
    found(browser, "#key").send_keys(KEY)
    found(browser, "#key-form button").click()
    WebDriverWait(browser, WAIT_S).until(lambda _: browser.current_url == f"{proxy}/infer/info")
    assert '"model":"efficientnet_lite0"' in found(browser, "pre").text
    browser.get(f"{proxy}/infer/")  # the browser stays signed in
    found(browser, "form[action='sign-out']")
    assert browser.execute_script("return document.cookie") == ""  # no script can read it
    expected = "401 (Unauthorized)"  # what Chromium says of each refusal
    assert [text for text in complaints(browser) if expected not in text] == []
    browser.get(f"{proxy}/infer/docs")
    status, text = executed(browser, opened(browser, "classify"))
    assert status == 200, text
    assert f"{proxy}/infer/classify" in found(browser, ".request-url").text
    assert complaints(browser) == []


def test_the_pages_need_no_setting_where_the_path_is_taken_off(browser: Chrome, fake_server: ServerProcess, tmp_path: Path) -> None:
    (tmp_path / "photo.png").write_bytes(level_png(8))
    complaints(browser)
    with reverse_proxy(fake_server.url, forwarded_for=True, path="/any/where", takes_off=True) as proxy:
        browser.get(f"{proxy}/any/where/")
        found(browser, "#file").send_keys(str(tmp_path / "photo.png"))
        found(browser, "#result[data-state=done]")
        browser.get(f"{proxy}/any/where/docs")
        status, text = executed(browser, opened(browser, "classify"))
        assert status == 200, text
    assert complaints(browser) == []
