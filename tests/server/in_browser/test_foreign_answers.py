"""What the pages say when a proxy answers in the place of the server, or the connection is cut: the truth, until the server is back."""

from collections.abc import Callable

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.wait import WebDriverWait

from tests.level_model import store_level_model
from tests.server.browser import browser, complaints, open_afresh
from tests.server.evaluation.level_sets import finished, make_level_set
from tests.server.in_browser.classify_page import click, shown, texts, until, until_text
from tests.server.process import ServerProcess

__all__ = ["browser"]  # a fixture
WAIT_S = 30

# From now on what has `path` in its address is answered so: by a page for people, by JSON of another, by a body that ends early, or not.
INSTEAD = """
const [path, kind] = arguments;
window.theirs ??= window.fetch;
const cut = () => new ReadableStream({ start: (body) => { body.enqueue(new Uint8Array([123])); body.error(new TypeError('cut')); } });
const answers = {
  page: () => new Response('<h1>Back soon</h1>', { headers: { 'Content-Type': 'text/html' } }),
  json: () => new Response('{"maintenance": true}', { headers: { 'Content-Type': 'application/json' } }),
  cut: () => new Response(cut()),
  none: () => { throw new TypeError('no network'); },
};
window.fetch = async (address, options) => (
  String(address).includes(path) && options?.method !== 'POST' ? answers[kind]() : window.theirs(address, options)
);
"""
AGAIN = "window.fetch = window.theirs"
LOOK = "document.dispatchEvent(new Event('visibilitychange'))"
NOT_WHOLE = "The answer is not whole: a proxy may have answered in the place of the server, or the connection was cut."


def wait(page: Chrome, met: Callable[[], object]) -> None:
    WebDriverWait(page, WAIT_S, poll_frequency=0.1).until(lambda _: met())


@pytest.mark.parametrize("kind", ["page", "json", "cut", "none"])
def test_the_page_of_the_state_says_so_and_goes_on_by_itself(browser: Chrome, fake_server: ServerProcess, kind: str) -> None:
    open_afresh(browser, f"{fake_server.url}/status")
    until_text(browser, "#state-text", "Ready")
    until_text(browser, "#health-text", "Ready")
    browser.execute_script(INSTEAD, "", kind)  # whatever it asks for
    browser.execute_script(LOOK)
    until_text(browser, "#state-text", "Unreachable")
    until_text(browser, "#health-text", "Unreachable")
    assert (texts(browser, "#notice-text") == [NOT_WHOLE]) == (kind != "none")
    browser.execute_script(AGAIN)
    until_text(browser, "#state-text", "Ready")
    wait(browser, lambda: not shown(browser, "#notice"))
    assert complaints(browser) == []


@pytest.mark.parametrize("kind", ["page", "cut", "none"])
def test_a_reload_is_told_although_the_cards_cannot_be_drawn_anew(browser: Chrome, fake_server: ServerProcess, kind: str) -> None:
    open_afresh(browser, f"{fake_server.url}/models")
    browser.execute_script(INSTEAD, "models", kind)
    click(browser, "[data-action=reload]")
    click(browser, "#sure-yes")
    until_text(browser, "#outcome", "is served now.")
    assert browser.find_element(By.CSS_SELECTOR, "[data-action=reload]").is_enabled()
    assert complaints(browser) == []


@pytest.mark.parametrize("kind", ["cut", "none"])
def test_an_example_that_does_not_come_is_no_photo(browser: Chrome, fake_server: ServerProcess, kind: str) -> None:
    open_afresh(browser, f"{fake_server.url}/")
    until(browser, "#result[data-state=idle]")
    browser.execute_script(INSTEAD, "examples/", kind)
    click(browser, "[data-name='cat.jpg']")
    until(browser, "#result[data-state=error]")
    assert (texts(browser, "#notice-text") == [NOT_WHOLE]) == (kind == "cut")
    assert complaints(browser) == []


def test_an_example_that_is_refused_is_not_classified(browser: Chrome, fake_server: ServerProcess) -> None:
    browser.get(f"{fake_server.url}/")
    until(browser, "#result[data-state=idle]")
    browser.execute_script("document.querySelector('[data-name]').dataset.name = 'nothing.jpg'")
    click(browser, "[data-name='nothing.jpg']")
    until(browser, "#result[data-state=error]")
    assert texts(browser, "#notice-details")[0].startswith("404 ")
    complaints(browser)


def test_a_linked_photo_that_ends_early_is_told(browser: Chrome, fake_server: ServerProcess) -> None:
    browser.get(f"{fake_server.url}/")
    until(browser, "#result[data-state=idle]")
    browser.execute_script(INSTEAD, "photos.example", "cut")
    click(browser, "#link")
    browser.find_element(By.ID, "link-address").send_keys("http://photos.example/a.png", Keys.ENTER)
    until_text(browser, "#notice-text", NOT_WHOLE)


def test_a_report_that_ends_early_is_no_file(browser: Chrome, tmp_path_factory: pytest.TempPathFactory) -> None:
    store, val = tmp_path_factory.mktemp("store"), make_level_set(tmp_path_factory.mktemp("val") / "val", 10)
    store_level_model(store)
    with ServerProcess(model_store=store, model="level", evaluation_roots=f"val={val.folder}") as server:
        location = server.client.post("/evaluate", json={"dataset": "val"}).headers["location"]
        finished(server, location)
        browser.get(f"{server.url}{location}")
        browser.execute_script(INSTEAD, "/report", "cut")
        click(browser, "[data-accept='application/json']")
        until_text(browser, "#refusal-text", NOT_WHOLE)


def test_the_page_of_the_routes_says_that_they_did_not_come(browser: Chrome, fake_server: ServerProcess) -> None:
    browser.execute_cdp_cmd("Network.enable", {})
    browser.execute_cdp_cmd("Network.setBlockedURLs", {"urls": ["*openapi.json"]})
    try:
        browser.get(f"{fake_server.url}/docs")
        until_text(browser, "#swagger-ui", "The server did not answer.")
    finally:
        browser.execute_cdp_cmd("Network.setBlockedURLs", {"urls": []})
    complaints(browser)
