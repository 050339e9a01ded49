"""GET /docs in a real browser: each route can be tried as it stands there, within the page's policy."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

from tests.level_model import level_png
from tests.server.browser import browser, complaints, open_afresh
from tests.server.process import ServerProcess

__all__ = ["browser"]  # a fixture
WAIT_S = 30
KEY = "s3cret"
CAT = Path(__file__).parents[2] / "photos" / "cat.png"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """With a key, and the labelled set that the document's example names."""
    folder = tmp_path_factory.mktemp("val")
    for level in (0, 4):
        (folder / str(level)).mkdir()
        (folder / str(level) / "a.png").write_bytes(level_png(level))
    with ServerProcess(engines="fake", api_key=KEY, evaluation_roots=f"val={folder}") as server:
        yield server


def found(within: Chrome | WebElement, selector: str) -> WebElement:
    WebDriverWait(within, WAIT_S).until(lambda _: within.find_elements(By.CSS_SELECTOR, selector), selector)
    return within.find_element(By.CSS_SELECTOR, selector)


def click(page: Chrome, element: WebElement) -> None:
    page.execute_script("arguments[0].click()", element)


def opened(page: Chrome, operation: str) -> WebElement:
    """The block of an operation, ready to be tried."""
    block = found(page, f".opblock[id$='-{operation}']")
    click(page, found(block, ".opblock-summary-control"))
    click(page, found(block, ".try-out__btn"))
    return block


def executed(page: Chrome, block: WebElement) -> tuple[int, str]:
    """The status and the text of the answer, after a click on Execute."""
    click(page, found(block, ".execute"))
    status = found(block, ".live-responses-table .response .response-col_status")
    return int(status.text.split()[0]), str(found(block, ".live-responses-table .response").get_property("textContent"))


def tried(page: Chrome, operation: str, job_id: str = "") -> tuple[int, str]:
    block = opened(page, operation)
    if job_id:
        found(block, "tr[data-param-name='job_id'] input").send_keys(job_id, Keys.TAB)
    outcome = executed(page, block)
    click(page, found(block, ".opblock-summary-control"))  # closed: what stays open makes the page slow
    return outcome


def authorize(page: Chrome) -> None:
    click(page, found(page, ".btn.authorize"))
    found(page, "#api_key_value").send_keys(KEY)
    click(page, found(page, ".auth-btn-wrapper .authorize"))
    click(page, found(page, ".btn-done"))


def test_each_route_can_be_tried_at_the_first_click(browser: Chrome, server: ServerProcess) -> None:
    open_afresh(browser, f"{server.url}/docs")
    authorize(browser)
    for operation in ("health_live", "health_ready", "metrics", "info", "classify", "classify_batch", "evaluations", "reload_model"):
        status, text = tried(browser, operation)
        assert status == 200, (operation, text)
    status, text = tried(browser, "evaluate")
    assert status == 202, text
    job_id = server.client.get("/evaluate", headers={"X-Api-Key": KEY}).json()[0]["id"]
    for operation in ("evaluation_events", "evaluation", "evaluation_predictions", "evaluation_report"):
        status, text = tried(browser, operation, job_id)
        assert status == 200, (operation, text)
    assert tried(browser, "resume_evaluation", job_id)[0] == 202  # which changes nothing: it has ended
    assert tried(browser, "cancel_evaluation", job_id)[0] == 200
    assert complaints(browser) == []


def test_a_photo_can_be_chosen_for_the_form(browser: Chrome, server: ServerProcess) -> None:
    browser.get(f"{server.url}/docs")
    authorize(browser)
    block = opened(browser, "classify")
    kinds = found(block, ".body-param-content-type select, .opblock-section-request-body select")
    found(kinds, "option[value='multipart/form-data']").click()
    found(block, "input[type=file]").send_keys(str(CAT))
    status, text = executed(browser, block)
    assert status == 200, text
    assert '"predictions"' in text
