"""The names of classes on a Chinese page, in a real browser: the Chinese one, and beside it the label that programs get."""

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By

from tests.server.browser import browser, complaints, open_afresh
from tests.server.in_browser.classify_page import CAT, pick, texts
from tests.server.process import ServerProcess

__all__ = ["browser"]  # a fixture
ASKED = "return performance.getEntriesByType('resource').filter((one) => one.name.includes('/labels')).length"


@pytest.mark.parametrize(
    ("language", "first", "asked"), [("zh", ["埃及猫 · Egyptian cat", "虎纹猫 · tiger cat"], 1), ("en", ["Egyptian cat", "tiger cat"], 0)]
)
def test_the_best_classes(browser: Chrome, live_server: ServerProcess, language: str, first: list[str], asked: int) -> None:
    open_afresh(browser, f"{live_server.url}/language?to={language}")
    for _ in range(2):  # the names are asked for once
        pick(browser, CAT, until_state="done")
        assert texts(browser, "#predictions .label")[:2] == first
        browser.execute_script("document.getElementById('result').dataset.state = ''")
    assert browser.execute_script(ASKED) == asked
    assert browser.find_elements(By.ID, "notice")[0].text == ""
    assert complaints(browser) == []
