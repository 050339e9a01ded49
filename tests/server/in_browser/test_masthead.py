"""The head of every page in a real browser: a click changes the language and keeps the place, and a click signs out."""

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from tests.server.browser import browser, complaints
from tests.server.in_browser.classify_page import click, shown, texts, until, until_text
from tests.server.process import ServerProcess

__all__ = ["browser"]  # a fixture
PLACES = ("", "status?since=0", "evaluate", "models", "sign-in?next=status%3Fsince%3D0", "nothing/at?all=1")


@pytest.mark.parametrize("place", PLACES)
def test_the_switch_of_the_language_keeps_the_place(browser: Chrome, fake_server: ServerProcess, place: str) -> None:
    browser.get(f"{fake_server.url}/{place}")
    for language, other in (("zh-CN", "English"), ("en", "中文")):
        click(browser, ".language")
        until(browser, f"html[lang={language}]")
        assert (browser.current_url, texts(browser, ".language")) == (f"{fake_server.url}/{place}", [other])


def test_who_signs_out_has_to_sign_in_again(browser: Chrome, keyed_server: ServerProcess) -> None:
    browser.get(f"{keyed_server.url}/")
    browser.delete_all_cookies()  # those of another port of this host are sent too
    browser.refresh()
    click(browser, ".choices a[href^='sign-in']")
    until(browser, "#key-form")
    browser.find_element(By.ID, "key").send_keys("s3cret", Keys.ENTER)
    until(browser, ".choices form[action='sign-out']")
    assert browser.current_url == f"{keyed_server.url}/"
    click(browser, "nav a[href='status']")
    until_text(browser, "#state-text", "Ready")
    complaints(browser)
    click(browser, ".choices form[action='sign-out'] button")
    until(browser, ".choices a[href^='sign-in']")
    assert (browser.current_url, browser.get_cookies()) == (f"{keyed_server.url}/", [])
    click(browser, "nav a[href='status']")
    until(browser, "#key-form")
    assert shown(browser, "#key")
    assert all("401 (Unauthorized)" in text for text in complaints(browser))
