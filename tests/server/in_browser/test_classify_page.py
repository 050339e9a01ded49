"""The page in a real browser against the real server."""

from pathlib import Path
from typing import Protocol

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

from tests.server.browser import browser, complaints

__all__ = ["browser"]  # a fixture
pytestmark = pytest.mark.smoke
CAT = Path(__file__).parents[2] / "photos" / "cat.png"
WAIT_S = 20


class LiveServer(Protocol):
    url: str


@pytest.fixture
def page(browser: Chrome, live_server: LiveServer) -> Chrome:
    complaints(browser)  # reading it empties it: what an earlier test left does not count here
    browser.get(f"{live_server.url}/")
    return browser


def texts(page: Chrome, selector: str) -> list[str]:
    return [found.text for found in page.find_elements(By.CSS_SELECTOR, selector)]


def pick(page: Chrome, photo: Path, *, until_state: str) -> None:
    page.find_element(By.ID, "file").send_keys(str(photo))
    state = f"#result[data-state={until_state}]"
    WebDriverWait(page, WAIT_S).until(lambda _: page.find_elements(By.CSS_SELECTOR, state), f"{state} did not appear")


def test_a_photo_gets_five_bars_best_first(page: Chrome) -> None:
    pick(page, CAT, until_state="done")
    labels, scores = texts(page, "#predictions .label"), texts(page, "#predictions .score")
    assert len(labels) == 5
    assert all(labels)
    assert labels[0] == "Egyptian cat"
    assert 70 < float(scores[0].removesuffix("%")) < 90
    assert texts(page, "#predictions .class-id")[0] == "id 285"


def test_the_answer_is_shown_with_its_origin_and_no_complaint_of_the_browser(page: Chrome) -> None:
    pick(page, CAT, until_state="done")
    model, engine, server, round_trip = texts(page, ".readings dd")
    assert model == "efficientnet_lite0"
    assert engine in {"stream", "mxbase"}
    assert server.endswith(" ms")
    assert round_trip.endswith(" ms")
    assert complaints(page) == []


def test_the_page_links_to_what_else_there_is(page: Chrome, live_server: LiveServer) -> None:
    links = {link.get_attribute("href") for link in page.find_elements(By.CSS_SELECTOR, "nav a")}
    assert links == {f"{live_server.url}/{name}" for name in ("", "status", "evaluate", "models", "docs", "metrics", "info")}


def test_what_is_not_an_image_gets_the_servers_words(page: Chrome, tmp_path: Path) -> None:
    text = tmp_path / "notes.jpg"
    text.write_text("a shopping list, not a photo")
    pick(page, text, until_state="error")
    assert texts(page, "#notice-text") != [""]
    code, request = page.find_element(By.ID, "notice-details").text.splitlines()
    assert code == "415 unsupported_image"
    assert request.startswith("request ")
    assert not any(texts(page, "#predictions .label"))
