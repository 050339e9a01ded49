"""What the server says, on a Chinese page in a real browser: its state, and why an engine is down."""

# ruff: noqa: RUF001 - Chinese has its own signs

from collections.abc import Iterator
from typing import Any

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By

from server.web.page_words import words_of
from server.web.server_words import explained, phrases, translated
from server.words.language import Language
from tests.server.browser import browser, complaints, open_afresh
from tests.server.in_browser.classify_page import texts, until_text
from tests.server.process import ServerProcess

__all__ = ["browser"]  # a fixture
FREE = "The streams cannot be created (code 1001). Device 0: <b>lost</b>."
ZH = words_of("status", Language.ZH)["common"]

# The next look at the state finds this one.
STATE = """
const [status] = arguments;
window.theirs ??= window.fetch;
const reply = () => new Response(JSON.stringify({ status }), { status: status === 'ready' ? 200 : 503 });
window.fetch = async (...asked) => (String(asked[0]).endsWith('health/ready') ? reply() : window.theirs(...asked));
document.dispatchEvent(new CustomEvent('ask-health'));
"""
# Shows a reply in which the engine is down for this reason, and the server for it too; returns the elements that say so.
DOWN = """
const [reason, done] = arguments;
(async () => {
  const { show } = await import('./web/status.js');
  const reply = await (await fetch('status', { headers: { Accept: 'application/json' } })).json();
  const models = reply.models.map((model) => ({ ...model, engines: model.engines.map((one) => ({ ...one, up: false, reason })) }));
  show({ ...reply, status: 'unhealthy', reason: `stream: ${reason}`, models });
  const told = (selector) => document.querySelector(selector);
  return [told('.tile-reason'), told('#reason')].flatMap((one) => [one.textContent, one.getAttribute('lang')]);
})().then(done, (error) => done(String(error)));
"""
# Draws the map of a photo of which one part got no answer; returns what is said of that.
FAILED = """
const [error, code, done] = arguments;
(async () => {
  const { showWhy } = await import('./web/why.js');
  const found = {
    grid: 2, falls: [[0.5, 0.1], [0, null]], failures: [{ row: 1, column: 1, error, code }], score_type: 'probability', bounded: false,
    explained: { class_id: 1, label: 'cat', score: 0.9 }, width_px: 8, height_px: 8,
  };
  const theirs = window.fetch;
  window.fetch = async (...asked) => (String(asked[0]).includes('explain') ? new Response(JSON.stringify(found)) : theirs(...asked));
  const place = document.createElement('div');
  await showWhy(place, new File([], 'a.png'));
  return place.querySelector('.why-note').textContent;
})().then(done, (error) => done(String(error)));
"""


@pytest.fixture
def page(browser: Chrome, fake_server: ServerProcess) -> Iterator[Chrome]:
    open_afresh(browser, f"{fake_server.url}/language?to=zh&next=status")
    until_text(browser, "#state-text", "就绪")
    yield browser
    assert [text for text in complaints(browser) if "503" not in text] == []
    browser.get(f"{fake_server.url}/language?to=en")


def down(page: Chrome, reason: str) -> list[Any]:
    found: list[Any] = page.execute_async_script(DOWN, reason)
    return found


@pytest.mark.parametrize("status", ["ready", "starting", "draining", "unhealthy", "failed"])
def test_the_head_of_a_page_says_the_state_in_its_language(page: Chrome, status: str) -> None:
    page.execute_script("document.getElementById('health-text').textContent = ''")
    page.execute_script(STATE, status)
    until_text(page, "#health-text", ZH[f"server_{status}"])
    assert any("\u4e00" <= letter <= "\u9fff" for letter in texts(page, "#health-text")[0])


def test_a_server_that_drains(browser: Chrome) -> None:
    with ServerProcess(engines="fake", drain_delay_s=5) as server:
        browser.get(f"{server.url}/language?to=zh&next=models")
        until_text(browser, "#health-text", "就绪")
        server.client.post("/admin/drain")
        browser.execute_script("document.dispatchEvent(new CustomEvent('ask-health'))")
        until_text(browser, "#health-text", "排空中")
        browser.delete_all_cookies()
    complaints(browser)


def test_a_tile_says_in_chinese_what_is_of_the_fixed_set(page: Chrome) -> None:
    """The script finds the same words as server/web/server_words.py does."""
    for said in phrases(Language.ZH):
        reason = said.replace("{made}", "none").replace("{served}", "0123456789ab").replace("{seconds}", "12.5")
        words = translated(reason, Language.ZH)
        assert down(page, reason) == [words, None, f"stream：{words}", None]


def test_a_tile_quotes_free_text_as_english(page: Chrome) -> None:
    assert down(page, FREE) == [FREE, "en", f"stream: {FREE}", "en"]
    assert page.find_elements(By.CSS_SELECTOR, ".tile b") == []
    assert down(page, "it ended.")[1] is None


def test_two_engines(page: Chrome) -> None:
    assert down(page, "it ended.; mxbase: not running")[2:] == ["stream：进程已结束；mxbase：未运行", None]
    assert down(page, f"it ended.; mxbase: {FREE}")[2:] == [f"stream: it ended.; mxbase: {FREE}", "en"]


def test_a_part_of_a_map_without_an_answer(page: Chrome, fake_server: ServerProcess) -> None:
    page.get(f"{fake_server.url}/")
    said = page.execute_async_script(FAILED, "The engine took it.", "engine_failed")
    assert said == f"4 块中有 1 块没有结果：{explained('engine_failed', Language.ZH)}"
