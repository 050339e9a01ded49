"""The page of the models in a real browser: what a person reads, and the buttons that change what is served."""

from collections.abc import Iterator

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.wait import WebDriverWait

from tests.level_model import store_level_model
from tests.server.browser import browser, complaints, open_afresh
from tests.server.process import ServerProcess

__all__ = ["browser"]  # a fixture
WAIT_S = 20


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    store = tmp_path_factory.mktemp("store")
    for name in ("level", "other"):
        store_level_model(store, name)
    with ServerProcess(model_store=store, model="level", model_control="explicit", streams_per_device=1) as server:
        yield server


@pytest.fixture
def page(browser: Chrome, server: ServerProcess) -> Chrome:
    open_afresh(browser, f"{server.url}/models")
    return browser


def names(page: Chrome) -> list[str]:
    return [each.text for each in page.find_elements(By.CSS_SELECTOR, ".card h2")]


def press(page: Chrome, action: str, model: str, answer: str = "yes") -> None:
    """By keyboard only: the button, then the answer to the question."""
    button = page.find_element(By.CSS_SELECTOR, f"[data-action={action}][data-model={model}]")
    button.send_keys(Keys.ENTER)
    assert page.find_element(By.ID, "sure-text").text
    page.switch_to.active_element.send_keys(*([Keys.TAB] if answer == "yes" else []))
    page.switch_to.active_element.send_keys(Keys.ENTER)


def told(page: Chrome, words: str) -> None:
    outcome = page.find_element(By.ID, "outcome")
    WebDriverWait(page, WAIT_S).until(lambda _: words in outcome.text, f"not told: {words}, but {outcome.text}")


def state(page: Chrome, model: str) -> str:
    return next(
        card.find_element(By.CSS_SELECTOR, ".card-head .state").text
        for card in page.find_elements(By.CSS_SELECTOR, ".card")
        if card.find_element(By.TAG_NAME, "h2").text == model
    )


def test_a_stored_model_is_loaded_and_unloaded(page: Chrome, server: ServerProcess) -> None:
    assert names(page) == ["level", "other"]
    assert (state(page, "level"), state(page, "other")) == ("ready", "in the store, not loaded")
    press(page, "load", "other")
    told(page, "other version 1 is served now.")
    assert state(page, "other") == "ready"
    assert server.client.get("/v2/models").json()["models"] == ["level", "other"]
    press(page, "unload", "other")
    told(page, "other is unloaded.")
    assert state(page, "other") == "in the store, not loaded"
    assert complaints(page) == []


def test_who_says_no_changes_nothing(page: Chrome, server: ServerProcess) -> None:
    before = server.lines("level version")
    press(page, "reload", "level", answer="no")
    assert not page.find_element(By.ID, "outcome").is_displayed()
    press(page, "reload", "level")
    told(page, "level version 1 is served now.")
    assert server.lines("level version") == before + 1


def test_the_answer_of_the_server_is_shown(page: Chrome) -> None:
    """A model that another has loaded and unloaded meanwhile."""
    page.execute_script("document.querySelector('[data-action=load]').dataset.model = 'nothing'")
    press(page, "load", "nothing")
    told(page, "There is no model 'nothing' in the store.")
    told(page, "404 not_found")


def test_a_whole_hash_is_copied(page: Chrome, server: ServerProcess) -> None:
    page.execute_cdp_cmd(
        "Browser.grantPermissions", {"permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"], "origin": server.url}
    )
    page.find_element(By.CSS_SELECTOR, ".facts [data-copy]").click()
    told(page, "is in the clipboard")
    copied = page.execute_async_script("navigator.clipboard.readText().then(arguments[0])")
    assert copied == server.client.get("/info").json()["recipe_sha256"]


def test_in_chinese(page: Chrome, server: ServerProcess) -> None:
    page.get(f"{server.url}/language?to=zh&next=models")
    assert page.find_element(By.TAG_NAME, "h1").text == "模型"
    assert state(page, "level") == "就绪"
    page.delete_all_cookies()
