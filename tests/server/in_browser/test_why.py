"""Why this class: the map over a photo, in a real browser."""

from collections.abc import Iterator
from pathlib import Path

import cv2
import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.wait import WebDriverWait

from tests.level_model import level_png, store_level_model
from tests.server.api.test_explain_route import PICTURE, SPOTTED
from tests.server.browser import browser, complaints, open_afresh
from tests.server.process import ServerProcess

__all__ = ["browser"]  # a fixture
WAIT_S = 20


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("store")
    store_level_model(root)
    return root


@pytest.fixture(scope="module")
def server(store: Path) -> Iterator[ServerProcess]:
    with ServerProcess(model_store=store, model="level", streams_per_device=1) as server:
        yield server


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    (tmp_path / "spots.png").write_bytes(PICTURE)
    return tmp_path / "spots.png"


def classified(page: Chrome, url: str, picture: Path) -> None:
    open_afresh(page, f"{url}/")
    page.find_element(By.ID, "file").send_keys(str(picture))
    WebDriverWait(page, WAIT_S).until(lambda _: page.find_element(By.ID, "why").is_displayed())


def explained(page: Chrome) -> str:
    """By keyboard; what the page says then."""
    page.find_element(By.CSS_SELECTOR, "#why .button").send_keys(Keys.ENTER)
    WebDriverWait(page, WAIT_S).until(lambda _: page.find_elements(By.CSS_SELECTOR, ".why-answer[aria-busy=false]"))
    return page.find_element(By.CLASS_NAME, "why-summary").text


def test_the_map_is_told_drawn_and_listed(browser: Chrome, server: ServerProcess, picture: Path) -> None:
    classified(browser, server.url, picture)
    said = explained(browser)
    assert "the score falls most where the upper left is covered" in said
    figure = browser.find_element(By.CLASS_NAME, "why-figure")
    assert (figure.get_attribute("role"), figure.get_attribute("aria-label")) == ("img", said)
    assert figure.size["width"] / figure.size["height"] == pytest.approx(1.5, abs=0.02)
    opaque = browser.execute_script(
        "const map = document.querySelector('.why-map');"
        "return [...map.getContext('2d').getImageData(0, 0, map.width, map.height).data].filter((_, index) => index % 4 === 3)"
    )
    assert (len(opaque), opaque.index(max(opaque)), max(opaque[28:])) == (49, 0, 0)
    browser.find_element(By.CSS_SELECTOR, ".why-numbers summary").send_keys(Keys.ENTER)
    cells = [cell.text for cell in browser.find_elements(By.CSS_SELECTOR, ".why-numbers tbody td")]
    assert (len(cells), cells[0][0], set(cells[28:])) == (49, "\N{MINUS SIGN}", {"0.0"})
    assert complaints(browser) == []


def test_the_next_photo_clears_the_map(browser: Chrome, server: ServerProcess, picture: Path, tmp_path: Path) -> None:
    classified(browser, server.url, picture)
    explained(browser)
    (tmp_path / "flat.png").write_bytes(level_png(80))
    browser.find_element(By.ID, "file").send_keys(str(tmp_path / "flat.png"))
    WebDriverWait(browser, WAIT_S).until(lambda _: not browser.find_elements(By.CLASS_NAME, "why-figure"))
    WebDriverWait(browser, WAIT_S).until(lambda _: browser.find_element(By.ID, "why").is_displayed())
    assert "no single part of the photo matters much" in explained(browser)


def test_a_second_page_waits_for_its_turn(browser: Chrome, server: ServerProcess, picture: Path) -> None:
    """As where several people share a key: the first try is refused here, as if the other's explanation was under way."""
    classified(browser, server.url, picture)
    browser.execute_script(
        "const real = window.fetch; window.tried = 0;"
        "window.fetch = (url, ...rest) => url.startsWith('explain') && window.tried++ === 0"
        " ? Promise.resolve(new Response('{}', { status: 429, headers: { 'Retry-After': '1' } })) : real(url, ...rest)"
    )
    assert "upper left" in explained(browser)
    assert browser.execute_script("return window.tried") == 2


def test_an_upright_picture_of_a_turned_photo(browser: Chrome, server: ServerProcess, tmp_path: Path) -> None:
    (tmp_path / "tall.jpg").write_bytes(cv2.imencode(".jpg", cv2.rotate(SPOTTED, cv2.ROTATE_90_CLOCKWISE))[1].tobytes())
    classified(browser, server.url, tmp_path / "tall.jpg")
    explained(browser)
    figure = browser.find_element(By.CLASS_NAME, "why-figure")
    assert figure.size["width"] / figure.size["height"] == pytest.approx(2 / 3, abs=0.02)


def test_a_server_that_explains_nothing_says_so(browser: Chrome, store: Path, picture: Path) -> None:
    with ServerProcess(model_store=store, model="level", streams_per_device=1, explain="false") as server:
        classified(browser, server.url, picture)
        said = explained(browser)
        assert said.startswith("This server explains no answers. Start it with EXPLAIN=true.\n404 not_found")
        assert not browser.find_elements(By.CLASS_NAME, "why-figure")
