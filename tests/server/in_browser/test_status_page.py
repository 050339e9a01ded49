"""The page of the state in a real browser: under load, with an engine that is killed, with its buttons, and open for long."""

import logging
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.wait import WebDriverWait

from tests.level_model import level_png, store_level_model
from tests.server.browser import browser, complaints, open_afresh
from tests.server.in_browser.looks import keep
from tests.server.process import ServerProcess

__all__ = ["browser"]  # a fixture
logger = logging.getLogger(__name__)
WAIT_S = 40
KEY = "s3cret"

# Gives the page one reply after the other, as if each came four seconds later, under full load; returns the number of nodes after each.
REPLIES = """
const [many, done] = arguments;
(async () => {
  const { show } = await import('./web/status.js');
  const reply = await (await fetch('status', { headers: { Accept: 'application/json' } })).json();
  const outcomes = ['ok', 'saturated', 'abandoned', 'engine_failed', 'deadline_exceeded', 'engine_unavailable', 'undecodable_image'];
  const stages = ['queue', 'decode', 'resize', 'crop', 'infer', 'postprocess', 'serialize', 'stream', 'tee'];
  const some = (names, value) => Object.fromEntries(names.map((name, index) => [name, value(index)]));
  const nodes = [];
  for (let n = 1; n <= many; n += 1) {
    const now_s = reply.now_s + 4 * n;
    const sample = {
      at_s: now_s, over_s: 4, memory_bytes: 1e8 + 1e5 * (n % 7), engine_memory_bytes: 4e8, window: 64, in_flight: n % 64, waiting: n % 9,
      images: some(outcomes, (index) => (n + index) % 13), requests: some(['2xx', '3xx', '4xx', '5xx'], (index) => (n + index) % 11),
      took: some([2, 4, 7], (index) => (n + index) % 5), batches: some([0, 2, 3], () => n % 4),
      stages: some(stages, (index) => some([1, 3, 6], () => (n + index) % 3)),
    };
    show({ ...reply, now_s, samples: [sample] });
    nodes.push(document.getElementsByTagName('*').length);
  }
  return nodes;
})().then(done, (error) => done(String(error)));
"""

# Has the page ask again and again, as when its tab is shown, until not all engines are up; returns the words of their tiles.
WATCH = """
const [withinS, done] = arguments;
const until = performance.now() + withinS * 1000;
const timer = setInterval(() => {
  document.dispatchEvent(new Event('visibilitychange'));
  const words = [...document.querySelectorAll('.tile-state')].map((tile) => tile.textContent);
  if (words.every((word) => word === 'Up') && performance.now() < until) return;
  clearInterval(timer);
  done(words);
}, 30);
"""


@pytest.fixture(scope="module")
def chips(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """Two chips, each with an engine in a process of its own, behind a key."""
    folder = tmp_path_factory.mktemp("store")
    store_level_model(folder)
    settings: dict[str, Any] = {"model": "level", "devices": "0,1", "engines": "stream", "engine_processes": "yes", "api_key": KEY}
    with ServerProcess(model_store=folder, **settings) as server:
        server.client.headers["X-Api-Key"] = KEY
        yield server


@pytest.fixture
def page(browser: Chrome, chips: ServerProcess) -> Iterator[Chrome]:
    """The page, after a person has signed in."""
    open_afresh(browser, f"{chips.url}/status")
    if fields := browser.find_elements(By.ID, "key"):
        fields[0].send_keys(KEY, Keys.ENTER)
    until(browser, lambda: states(browser) == ["up", "up"])
    assert [text for text in complaints(browser) if "401" not in text] == []
    yield browser
    assert complaints(browser) == []


def until(page: Chrome, met: Callable[[], object], what: str = "") -> None:
    WebDriverWait(page, WAIT_S, poll_frequency=0.1).until(lambda _: met(), what)


def states(page: Chrome) -> list[str]:
    return [str(tile.get_attribute("data-state")) for tile in page.find_elements(By.CSS_SELECTOR, ".tile")]


def text(page: Chrome, selector: str) -> str:
    return page.find_element(By.CSS_SELECTOR, selector).text


def attribute(page: Chrome, selector: str, name: str) -> str:
    return page.find_element(By.CSS_SELECTOR, selector).get_attribute(name) or ""


def rate(page: Chrome) -> float:
    """The images a second that it shows; 0 before the first sample."""
    shown = text(page, "#fact-images").split(" ")[0].replace(",", "")
    return float(shown) if shown[0].isdigit() else 0.0


def test_under_load_the_page_shows_it(page: Chrome, chips: ServerProcess) -> None:
    image = level_png(8)
    for _ in range(10):
        assert chips.client.post("/classify", content=image, headers={"X-Api-Key": "wrong"}).status_code == 401
    deadline_s = time.monotonic() + 5
    while time.monotonic() < deadline_s:
        assert chips.client.post("/classify", content=image).status_code == 200
    until(page, lambda: rate(page) > 1, "a rate")
    until(page, lambda: "4xx" in text(page, "#requests .legend"), "the requests that were refused")
    assert "answered" in text(page, "#images .legend")
    assert attribute(page, "#images path.line", "d").startswith("M")
    assert {"infer", "decode"} <= set(text(page, "#stages .legend").split())
    assert text(page, "#fact-p99").endswith(("ms", "s"))
    summary = page.find_element(By.CSS_SELECTOR, "#images .summary").get_property("textContent")
    assert str(summary).startswith("answered: now ")
    keep(page, "status-load")


def test_the_arrow_keys_read_a_chart(page: Chrome) -> None:
    chart, plot = "#memory .plot", page.find_element(By.CSS_SELECTOR, "#memory .plot")
    until(page, lambda: int(attribute(page, chart, "aria-valuemax")) > 2)
    assert attribute(page, chart, "aria-label").startswith("Memory")
    newest = int(attribute(page, chart, "aria-valuenow"))
    plot.send_keys(Keys.HOME)
    assert attribute(page, chart, "aria-valuenow") == "0"
    assert "server" in attribute(page, chart, "aria-valuetext")
    assert "MB" in attribute(page, chart, "aria-valuetext")
    plot.send_keys(Keys.ARROW_RIGHT)
    assert attribute(page, chart, "aria-valuenow") == "1"
    assert text(page, "#memory .now")  # the time under the cursor
    plot.send_keys(Keys.END)
    assert int(attribute(page, chart, "aria-valuenow")) >= newest


def test_a_chart_without_room_draws_nothing(page: Chrome) -> None:
    """As when the page is put away: the console would tell of bars of a negative width."""
    until(page, lambda: page.find_elements(By.CSS_SELECTOR, "#batches rect.bar"))
    for display in ("none", ""):
        page.execute_script("document.getElementById('batches').style.display = arguments[0]", display)
        page.execute_async_script("requestAnimationFrame(() => requestAnimationFrame(arguments[0]))")
    width = page.find_element(By.CSS_SELECTOR, "#batches rect.bar").get_attribute("width")
    assert int(width or 0) > 0


def test_the_stages_are_shown_at_either_quantile(page: Chrome, chips: ServerProcess) -> None:
    for _ in range(20):
        chips.client.post("/classify", content=level_png(8))
    line = "return document.querySelector('#stages path.line').getAttribute('d')"
    until(page, lambda: page.execute_script(line), "the stages")
    page.find_element(By.CSS_SELECTOR, "[name=quantile][value='0.5']").send_keys(Keys.ARROW_RIGHT)
    assert page.find_element(By.CSS_SELECTOR, "[name=quantile][value='0.99']").is_selected()
    assert page.execute_script(line)


def test_an_engine_that_is_killed_is_shown_and_comes_back(page: Chrome, chips: ServerProcess) -> None:
    victim = chips.client.get("/info").json()["engines"][1]
    assert victim["device"] == "1"
    before = int(text(page, ".tile:nth-child(2) .tile-restarts"))
    os.kill(victim["process"], signal.SIGKILL)
    shown = page.execute_async_script(WATCH, 10)
    assert shown == ["Up", "Restarting"]
    keep(page, "status-restarting")
    until(page, lambda: states(page) == ["up", "up"], "it is back")
    assert int(text(page, ".tile:nth-child(2) .tile-restarts")) > before
    assert text(page, "#state-text") == "Ready"


def test_an_engine_that_cannot_begin_again_is_down_in_words(browser: Chrome, tmp_path: Path) -> None:
    """Its process is killed while the network is away: the tile is red, and says so without its colour; then the network is back."""
    network = next(store_level_model(tmp_path).folder.glob("*.onnx"))
    with ServerProcess(model_store=tmp_path, model="level", devices="0,1", engines="stream", engine_processes="yes") as server:
        browser.get(f"{server.url}/status")
        until(browser, lambda: states(browser) == ["up", "up"])
        away = network.rename(tmp_path / "away")
        os.kill(server.client.get("/info").json()["engines"][1]["process"], signal.SIGKILL)
        until(browser, lambda: states(browser) == ["up", "down"], "a red tile")
        tile = browser.find_element(By.CSS_SELECTOR, ".tile:nth-child(2)")
        state, *_, reason = tile.text.splitlines()
        assert (state, text(browser, ".tile:nth-child(1) .tile-state")) == ("Down", "Up")
        assert network.name in reason
        lights = browser.find_elements(By.CSS_SELECTOR, ".tile .light")
        assert [light.value_of_css_property("border-radius") for light in lights] == ["50%", "2px"]  # a dot, and a square
        assert text(browser, "#state-text") == "Ready"  # the other one answers
        keep(browser, "status-down")
        away.rename(network)
        until(browser, lambda: states(browser) == ["up", "up"], "it is back")
        assert not browser.find_element(By.CSS_SELECTOR, ".tile:nth-child(2) .tile-reason").is_displayed()
    complaints(browser)


def test_the_model_is_reloaded_by_the_button(page: Chrome, chips: ServerProcess) -> None:
    before = chips.lines("level version 1 is served")
    page.find_element(By.CSS_SELECTOR, ".reload").click()
    until(page, lambda: "is served since" in text(page, "#notice-text"), "the answer of the server")
    assert text(page, "#notice-text").startswith("level version 1 is served since")
    assert chips.lines("level version 1 is served") == before + 1


def test_open_for_long_it_has_no_more_nodes(page: Chrome) -> None:
    page.set_script_timeout(60)
    nodes = page.execute_async_script(REPLIES, 500)
    assert isinstance(nodes, list), nodes
    assert len(set(nodes[250:])) == 1
    assert nodes[-1] < 600
    keep(page, "status-full")


def test_what_a_poll_costs(chips: ServerProcess) -> None:
    """Printed; judged only where it is absurd: at most a tenth of a core for one page that asks every four seconds."""
    polls = 200
    since = chips.client.get("/status").json()["samples"][-1]["at_s"]
    before_s = cpu_s(chips.pid)
    answers = [chips.client.get("/status", params={"since": since}) for _ in range(polls)]
    cost_ms = (cpu_s(chips.pid) - before_s) / polls * 1000
    logger.warning("a poll costs %.2f ms of a core and %d bytes", cost_ms, len(answers[0].content))
    assert all(len(answer.content) < 4096 for answer in answers)
    assert cost_ms < 300


def cpu_s(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_in_chinese(page: Chrome, chips: ServerProcess) -> None:
    page.get(f"{chips.url}/language?to=zh&next=status")
    until(page, lambda: text(page, "#state-text") == "就绪")
    assert text(page, "h1") == "状态"
    assert text(page, ".tile-state") == "正常"
    keep(page, "status-zh")
    page.get(f"{chips.url}/language?to=en&next=status")
    until(page, lambda: text(page, "#state-text") == "Ready")


def test_the_server_is_drained_by_the_button_after_a_question(browser: Chrome) -> None:
    with ServerProcess(engines="fake", drain_delay_s=4) as server:
        browser.get(f"{server.url}/status")
        until(browser, lambda: text(browser, "#state-text") == "Ready")
        browser.find_element(By.ID, "drain").click()
        browser.find_element(By.CSS_SELECTOR, "#drain-dialog [value='']").click()  # not yet
        assert server.client.get("/health/ready").status_code == 200
        browser.find_element(By.ID, "drain").click()
        keep(browser, "status-question")
        browser.find_element(By.ID, "drain-now").click()
        until(browser, lambda: text(browser, "#state-text") == "Draining", "draining")
        assert not browser.find_element(By.ID, "drain").is_displayed()
        assert server.wait() == 0
        until(browser, lambda: text(browser, "#state-text") == "Ended", "ended")
    complaints(browser)  # the browser says that nobody answers
