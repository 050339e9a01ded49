"""The page for photos in a real browser against the real server: one photo, with all that can be asked about it."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Protocol

import pytest
from selenium.webdriver import ActionChains, Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from tests.server.browser import browser, complaints, open_afresh
from tests.server.in_browser.classify_page import CAT, choose, click, pick, shown, texts, until, until_text, write
from tests.server.process import ServerProcess

__all__ = ["browser"]  # a fixture
STAGES = ["read", "queue", "decode", "resize", "infer", "postprocess", "serialize", "between them"]


class LiveServer(Protocol):
    url: str


@pytest.fixture
def page(browser: Chrome, live_server: LiveServer) -> Chrome:
    open_afresh(browser, f"{live_server.url}/")
    browser.execute_script("sessionStorage.clear()")
    browser.refresh()
    return browser


@pytest.mark.smoke
def test_a_photo_gets_five_bars_best_first(page: Chrome) -> None:
    pick(page, CAT)
    labels, scores = texts(page, "#predictions .label"), texts(page, "#predictions .score")
    assert len(labels) == 5
    assert all(labels)
    assert labels[0] == "Egyptian cat"
    assert 70 < float(scores[0].removesuffix("%")) < 90
    assert texts(page, "#predictions .class-id")[0] == "id 285"


@pytest.mark.smoke
def test_the_answer_is_shown_with_its_origin_and_no_complaint_of_the_browser(page: Chrome) -> None:
    pick(page, CAT)
    model, engine, server, round_trip = texts(page, "#result .readings dd")
    assert model == "efficientnet_lite0"
    assert engine in {"stream", "mxbase"}
    assert server.endswith(" ms")
    assert round_trip.endswith(" ms")
    assert complaints(page) == []


def test_where_the_time_went_adds_up_to_the_time_of_the_server(page: Chrome) -> None:
    pick(page, CAT)
    names, figures = texts(page, "#timing li span:first-child"), texts(page, "#timing .figure")
    assert names == [name for name in STAGES if name in names]
    assert {"read", "decode", "infer", "between them"} <= set(names)
    assert len(page.find_elements(By.CSS_SELECTOR, "#timing .segment")) == len(names)
    total = float(page.find_element(By.ID, "reading-server").text.removesuffix(" ms"))
    assert sum(float(figure.removesuffix(" ms")) for figure in figures) == pytest.approx(total, abs=1 + len(figures) * 0.5)


@pytest.mark.smoke
def test_the_page_links_to_what_else_there_is(page: Chrome, live_server: LiveServer) -> None:
    links = {link.get_attribute("href") for link in page.find_elements(By.CSS_SELECTOR, "nav a")}
    assert links == {f"{live_server.url}/{name}" for name in ("", "status", "evaluate", "models", "docs", "metrics", "info")}


@pytest.mark.smoke
def test_what_is_not_an_image_gets_the_servers_words(page: Chrome, tmp_path: Path) -> None:
    text = tmp_path / "notes.jpg"
    text.write_text("a shopping list, not a photo")
    pick(page, text, until_state="error")
    assert texts(page, "#notice-text") != [""]
    code, request = page.find_element(By.ID, "notice-details").text.splitlines()
    assert code == "415 unsupported_image"
    assert request.startswith("request ")
    assert not any(texts(page, "#predictions .label"))


@pytest.mark.parametrize(("name", "label"), [("cat", "Egyptian cat"), ("cup", "espresso"), ("spoon", "espresso")])
def test_an_example_is_one_click(page: Chrome, name: str, label: str) -> None:
    click(page, f"[data-name='{name}.jpg']")
    until_text(page, "#predictions .label", label)
    assert page.find_element(By.ID, "photo-name").text.startswith(f"{name}.jpg, ")


def test_more_classes_and_a_threshold(page: Chrome) -> None:
    write(page, "top-k", "40")  # more than there are: 16
    pick(page, CAT)
    assert len([label for label in texts(page, "#predictions .label") if label]) == 16
    assert page.find_element(By.ID, "top-k").get_property("value") == "16"
    write(page, "threshold", "5")
    until_text(page, "#status", "13 below the threshold")
    assert [label for label in texts(page, "#predictions .label") if label] == ["Egyptian cat", "tiger cat", "tabby, tabby cat"]


def test_what_was_classified_stays_in_this_tab_until_it_is_cleared(page: Chrome) -> None:
    assert not shown(page, "#history")
    pick(page, CAT)
    until_text(page, ".past-class", "Egyptian cat")
    click(page, "[data-name='cup.jpg']")
    until_text(page, "#history", "espresso")
    assert texts(page, ".past-class") == ["espresso", "Egyptian cat"]
    page.refresh()
    assert texts(page, ".past-class") == ["espresso", "Egyptian cat"]
    kept = json.loads(page.execute_script("return sessionStorage.getItem('classify-history')"))
    assert [entry["name"] for entry in kept] == ["cup.jpg", "cat.png"]
    assert all(entry["image"].startswith("data:image/jpeg;base64,") and len(entry["image"]) < 40_000 for entry in kept)
    page.find_elements(By.CSS_SELECTOR, ".past")[1].click()
    until_text(page, "#photo-name", "cat.png (small copy)")
    assert texts(page, "#predictions .label")[0] == "Egyptian cat"
    click(page, "#forget")
    assert not shown(page, "#history")
    assert page.execute_script("return [sessionStorage.getItem('classify-history'), localStorage.length]") == ["[]", 0]


def code(page: Chrome, kind: str) -> str:
    if not shown(page, "#copy"):
        click(page, ".code summary")
    click(page, f"[value={kind}]")
    return page.find_element(By.ID, "code-text").text


@pytest.mark.parametrize("kind", ["curl", "python", "javascript"])
def test_the_copied_program_asks_the_same(page: Chrome, tmp_path: Path, kind: str) -> None:
    photo = tmp_path / 'a cat\'s "photo" $HOME.png'
    shutil.copy(CAT, photo)
    write(page, "top-k", "2")
    write(page, "threshold", "50")
    pick(page, photo)
    text = code(page, kind)
    command = {"curl": ["sh"], "python": [sys.executable, "-"], "javascript": ["node", "--input-type=module"]}[kind]
    if shutil.which(command[0]) is None or (kind == "curl" and shutil.which("curl") is None):
        pytest.skip(f"needs {kind}")
    printed = subprocess.run(command, input=text, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    if kind == "curl":
        assert [one["class_id"] for one in json.loads(printed)["predictions"]] == [285, 282]
    else:
        [line] = printed.splitlines()
        assert line.endswith("Egyptian cat")
        assert float(line.split()[0]) == pytest.approx(float(texts(page, "#predictions .score")[0].removesuffix("%")) / 100, abs=1e-3)


def test_the_program_is_copied_by_a_button(page: Chrome) -> None:
    text = code(page, "python")
    page.execute_cdp_cmd("Browser.grantPermissions", {"permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]})
    click(page, "#copy")
    until_text(page, "#copied", "copied")
    assert page.execute_async_script("navigator.clipboard.readText().then(arguments[0], arguments[0])") == text


def test_a_key_is_in_no_program_and_in_no_storage(browser: Chrome, keyed_server: ServerProcess) -> None:
    browser.get(f"{keyed_server.url}/")
    browser.delete_all_cookies()  # those of another port of this host are sent too
    browser.get(f"{keyed_server.url}/")
    pick(browser, CAT, until_state="error")
    browser.find_element(By.ID, "key").send_keys("s3cret", Keys.ENTER)
    until(browser, "#result[data-state=done]")
    assert '-H "X-Api-Key: $API_KEY"' in code(browser, "curl")
    assert '"X-Api-Key": os.environ["API_KEY"]' in code(browser, "python")
    assert "'X-Api-Key': process.env.API_KEY" in code(browser, "javascript")
    kept = browser.execute_script("return JSON.stringify([{...sessionStorage}, {...localStorage}, document.cookie])")
    assert "s3cret" not in kept + browser.page_source


def test_all_of_it_by_the_keyboard(page: Chrome) -> None:
    def focused(selector: str) -> bool:
        return bool(page.execute_script("return document.activeElement.matches(arguments[0])", selector))

    def tab_to(selector: str) -> None:
        for _ in range(40):
            ActionChains(page).send_keys(Keys.TAB).perform()
            if focused(selector):
                return
        raise AssertionError(f"{selector} cannot be reached")

    page.find_element(By.ID, "main").send_keys("")
    tab_to("#file")
    assert page.execute_script("return getComputedStyle(document.getElementById('stage')).outlineStyle") == "solid"
    tab_to("#folder")
    tab_to("[data-name='cat.jpg']")
    ActionChains(page).send_keys(Keys.ENTER).perform()
    until_text(page, "#predictions .label", "Egyptian cat")
    tab_to("#top-k")
    ActionChains(page).send_keys(Keys.ARROW_DOWN, Keys.ARROW_DOWN).perform()
    until(page, "#result[data-state=done] #predictions .row:nth-child(4).blank")
    assert focused("#top-k")
    assert page.find_element(By.ID, "top-k").get_property("value") == "3"
    tab_to("summary")
    ActionChains(page).send_keys(Keys.SPACE).perform()
    tab_to("#copy")


def test_the_page_in_chinese(page: Chrome, live_server: LiveServer) -> None:
    page.get(f"{live_server.url}/language?to=zh")
    try:
        choose(page, CAT)
        until_text(page, "#status", "置信度")
        assert texts(page, "#timing li span:first-child")[0] == "读取"
        assert [text for text in texts(page, "#options label") if text] == ["类别数", "最低置信度\n%"]
        words = page.find_element(By.TAG_NAME, "main").text
        assert not {"Photos", "Choose", "Recent", "Examples"} & set(words.split())
    finally:
        page.get(f"{live_server.url}/language?to=en")
