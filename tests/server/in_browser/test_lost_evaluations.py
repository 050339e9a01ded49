"""What the pages of evaluations say of what is gone: an evaluation that another tab removed, a file that the browser cannot read."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

from tests.level_model import store_level_model
from tests.server.browser import browser, complaints
from tests.server.evaluation.level_sets import finished, make_level_set
from tests.server.process import ServerProcess

__all__ = ["browser"]  # a fixture
WAIT_S = 30


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    store = tmp_path_factory.mktemp("store")
    store_level_model(store)
    val = make_level_set(tmp_path_factory.mktemp("val") / "val", 6000, damaged=False)
    with ServerProcess(model_store=store, model="level", evaluation_roots=f"val={val.folder}") as server:
        yield server


def told(page: Chrome, text: str) -> str:
    """The refusal, when it has this text; and the line about the connection."""
    WebDriverWait(page, WAIT_S).until(lambda _: text in page.find_element(By.ID, "refusal").text, text)
    return page.find_element(By.ID, "lost").text if page.find_elements(By.ID, "lost") else ""


def remove(server: ServerProcess, location: str) -> None:
    """As another tab does: cancel, then delete."""
    while server.client.get(location).status_code == 200:
        server.client.delete(location)


def test_one_that_is_removed_while_it_is_followed(browser: Chrome, server: ServerProcess) -> None:
    location = server.client.post("/evaluate", json={"dataset": "val"}).headers["location"]
    browser.get(f"{server.url}{location}")
    WebDriverWait(browser, WAIT_S).until(lambda _: browser.execute_script("return document.querySelector('#bar').value > 0"))
    remove(server, location)
    browser.execute_script(
        "import(new URL('../web/evaluation.js', location)).then((page) => page.follow())"
    )  # as after a moment without the network
    assert told(browser, "There is no evaluation") == ""
    complaints(browser)


def test_the_report_of_one_that_was_removed_is_no_file(browser: Chrome, server: ServerProcess, tmp_path: Path) -> None:
    location = server.client.post("/evaluate", json={"dataset": "val", "limit": 5}).headers["location"]
    finished(server, location)
    browser.execute_cdp_cmd("Page.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(tmp_path)})
    browser.get(f"{server.url}{location}")
    remove(server, location)
    browser.find_element(By.CSS_SELECTOR, "[data-accept='application/json']").click()
    told(browser, "There is no evaluation")
    assert list(tmp_path.iterdir()) == []
    complaints(browser)


def test_an_archive_that_the_browser_cannot_read(browser: Chrome, server: ServerProcess, tmp_path: Path) -> None:
    archive = tmp_path / "set.zip"
    archive.write_bytes(b"PK")
    browser.get(f"{server.url}/evaluate")
    browser.find_element(By.ID, "archive").send_keys(str(archive))
    archive.unlink()
    browser.find_element(By.ID, "begin").click()
    told(browser, "The browser could not send this file.")
    complaints(browser)


def test_a_refused_archive_is_told_in_the_language_of_the_page(browser: Chrome, server: ServerProcess, tmp_path: Path) -> None:
    archive = tmp_path / "set.zip"
    archive.write_bytes(b"no archive")
    browser.get(f"{server.url}/language?to=zh&next=evaluate")
    browser.find_element(By.ID, "archive").send_keys(str(archive))
    browser.find_element(By.ID, "begin").click()
    WebDriverWait(browser, WAIT_S).until(lambda _: browser.find_element(By.ID, "refusal-text").text)
    said = browser.find_element(By.ID, "refusal-text").text
    browser.get(f"{server.url}/language?to=en")
    assert any("\u4e00" <= letter <= "\u9fff" for letter in said), said
    complaints(browser)
