"""The history of a tab, in a real browser: of a photo that the browser cannot show, and after a person has signed out."""

from pathlib import Path

from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from tests.server.browser import browser, complaints, open_afresh
from tests.server.in_browser.classify_page import click, level_photos, pick, shown, texts, until, write
from tests.server.process import ServerProcess

__all__ = ["browser"]  # a fixture
CANNOT_SHOW = "window.createImageBitmap = async () => { throw new DOMException('', 'InvalidStateError'); }"


def test_of_a_photo_that_cannot_be_shown_the_answer_stays(browser: Chrome, fake_server: ServerProcess, tmp_path: Path) -> None:
    """As a HEIC in Chromium: opened after a reload, there is nothing that could be asked again."""
    open_afresh(browser, f"{fake_server.url}/")
    until(browser, "#result[data-state=idle]")
    browser.execute_script(CANNOT_SHOW)
    pick(browser, level_photos(tmp_path, 40)[0])
    until(browser, ".past")
    answer = texts(browser, "#predictions .label")
    browser.refresh()
    until(browser, ".past")
    asked = fake_server.metric("classify_http_requests_total", endpoint="/classify")
    click(browser, ".past")
    assert (texts(browser, "#photo-name"), texts(browser, "#predictions .label")) == (["40.png"], answer)
    assert shown(browser, "#no-preview")
    assert not shown(browser, "#why")
    write(browser, "top-k", "3")
    write(browser, "threshold", "1")  # of the answer that is there
    assert texts(browser, "#predictions .label") == answer
    assert browser.find_element(By.ID, "result").get_attribute("data-state") == "done"
    pick(browser, level_photos(tmp_path, 8)[0])  # the next photo is asked for as ever
    assert len([label for label in texts(browser, "#predictions .label") if label]) == 3
    assert fake_server.metric("classify_http_requests_total", endpoint="/classify") == asked + 1
    assert complaints(browser) == []


def test_who_signs_out_leaves_no_photos(browser: Chrome, keyed_server: ServerProcess, tmp_path: Path) -> None:
    browser.get(f"{keyed_server.url}/sign-in")
    browser.delete_all_cookies()  # those of another port of this host are sent too
    browser.find_element(By.ID, "key").send_keys("s3cret", Keys.ENTER)
    until(browser, "#result[data-state=idle]")
    pick(browser, level_photos(tmp_path, 40)[0])
    until(browser, ".past")
    click(browser, ".choices form button")
    until(browser, ".choices a[href^='sign-in']")
    assert browser.execute_script("return sessionStorage.length") == 0
    assert not shown(browser, "#history")
