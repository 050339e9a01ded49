"""A refusal in the language of the page, in a real browser: Chinese words first, the server's own below; an English page fetches none."""

import json
from pathlib import Path

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

from server.web.rendering import STATIC
from tests.server.browser import browser
from tests.server.process import ServerProcess

__all__ = ["browser"]  # a fixture
CATALOGUE = json.loads((STATIC / "errors.zh.json").read_text("utf-8"))
FETCHED = "return performance.getEntriesByType('resource').filter((one) => one.name.endsWith('errors.zh.json')).length"
WAIT_S = 20


def refused(page: Chrome, server: ServerProcess, language: str, file: Path) -> tuple[str, list[str]]:
    """The text and the lines of details, after a file that is not an image was chosen."""
    page.get(f"{server.url}/language?to={language}")
    assert page.execute_script(FETCHED) == 0
    page.find_element(By.ID, "file").send_keys(str(file))
    WebDriverWait(page, WAIT_S).until(lambda _: page.find_elements(By.CSS_SELECTOR, "#result[data-state=error]"))
    return page.find_element(By.ID, "notice-text").text, page.find_element(By.ID, "notice-details").text.splitlines()


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    path = tmp_path / "notes.jpg"
    path.write_text("a shopping list, not a photo")
    return path


def test_a_chinese_page_says_it_in_chinese_and_quotes_the_server(browser: Chrome, fake_server: ServerProcess, notes: Path) -> None:
    english, lines = refused(browser, fake_server, "en", notes)
    assert browser.execute_script(FETCHED) == 0
    assert lines[0] == "415 unsupported_image"
    chinese, (original, code, request) = refused(browser, fake_server, "zh", notes)
    assert chinese == "".join(CATALOGUE["unsupported_image"].values())
    assert (original, code) == (english, "415 unsupported_image")
    assert request.startswith("请求 ")
    assert browser.execute_script(FETCHED) == 1
    browser.find_element(By.ID, "file").send_keys(str(notes))  # a second refusal fetches nothing
    WebDriverWait(browser, WAIT_S).until(
        lambda _: "请求 " in (text := browser.find_element(By.ID, "notice-details").text) and request not in text
    )
    assert browser.execute_script(FETCHED) == 1


def test_without_the_catalogue_the_servers_words_are_shown(browser: Chrome, fake_server: ServerProcess, notes: Path) -> None:
    browser.execute_cdp_cmd("Network.enable", {})
    browser.execute_cdp_cmd("Network.setCacheDisabled", {"cacheDisabled": True})
    browser.execute_cdp_cmd("Network.setBlockedURLs", {"urls": ["*errors.zh.json"]})
    try:
        text, lines = refused(browser, fake_server, "zh", notes)
    finally:
        browser.execute_cdp_cmd("Network.setBlockedURLs", {"urls": []})
    said = fake_server.client.post("/classify", content=notes.read_bytes(), headers={"Content-Type": "image/jpeg"}).json()["error"]
    assert (text, lines[0]) == (said, "415 unsupported_image")
