"""Every page, in every look: what axe-core, a narrow phone, the console and the scales say of it."""

import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from selenium.webdriver import Chrome

from models.store import ModelStore
from tests.server.api.test_evaluation_body import zipped
from tests.server.browser import browser, complaints
from tests.server.in_browser.classify_page import CAT, pick
from tests.server.in_browser.looks import LOOKS, keep, needs_axe, open_page, wrong_with
from tests.server.process import ServerProcess

__all__ = ["browser"]  # a fixture
pytestmark = needs_axe
MOST_BYTES = 150_000
GOAL_PAINT_MS = 200
FINISHED_S = 60


@dataclass(frozen=True)
class Page:
    """A page, and what of it is not this project's. `{a}` and `{b}` are two evaluations."""

    path: str
    foreign: str = ""
    """A selector of what is left to those who wrote it."""
    foreign_files: str = "\0"
    """What their names contain."""


PAGES = (
    Page("/"),
    Page("/status"),
    Page("/models"),
    Page("/evaluate"),
    Page("/evaluate/{a}"),
    Page("/evaluate/compare?a={a}&b={b}"),
    Page("/evaluate/{a}/report"),
    Page("/sign-in"),
    # Swagger UI comes as it is: 1.5 MB of script, markup with contrasts and labels of its own.
    Page("/docs", foreign="#swagger-ui", foreign_files="/docs-assets/"),
)

# The bytes of what was loaded. Photos do not count: neither files nor those that stand in the page itself.
WEIGH = r"""
const photos = [...document.querySelectorAll('img')].map((one) => one.getAttribute('src') ?? '');
const inside = photos.filter((one) => /^data:image\/(jpeg|png|webp)/.test(one)).reduce((sum, one) => sum + one.length, 0);
const loaded = [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')];
const ours = loaded.filter((one) => !/\.(jpe?g|png|webp)$/.test(new URL(one.name).pathname) && !one.name.includes(arguments[0]));
const paints = performance.getEntriesByName('first-paint').map((one) => one.startTime);
return [ours.reduce((sum, one) => sum + one.transferSize, -inside), ...paints];
"""


@dataclass(frozen=True)
class Site:
    """A server, and two evaluations on it."""

    url: str
    evaluations: dict[str, str]

    def address(self, page: Page) -> str:
        """The path of a page, evaluations filled in."""
        return page.path.format(**self.evaluations)


@pytest.fixture(scope="module")
def site(model_store: ModelStore, cat: bytes, coffee: bytes) -> Iterator[Site]:
    archive = zipped({"cat.png": cat, "coffee.png": coffee, "val_label.txt": b"cat.png 285\ncoffee.png 1\n"})
    with ServerProcess(model_store=model_store.root) as server:
        ids = {}
        for name in "ab":
            ids[name] = server.client.post("/evaluate", files={"archive": ("set", archive)}).json()["id"]
            deadline_s = time.monotonic() + FINISHED_S
            while server.client.get(f"/evaluate/{ids[name]}").json()["state"] != "finished":
                assert time.monotonic() < deadline_s
                time.sleep(0.1)
        yield Site(server.url, ids)


@pytest.fixture(params=PAGES, ids=lambda page: page.path)
def page(request: pytest.FixtureRequest, site: Site) -> Page:
    """A page that this server has."""
    found: Page = request.param
    reply = httpx.get(site.url + site.address(found), headers={"Accept": "text/html"}, timeout=FINISHED_S)
    assert reply.status_code == 200
    assert "text/html" in reply.headers["content-type"]
    assert "unsafe" not in reply.headers["content-security-policy"]
    return found


def test_the_masthead_leads_to_pages_that_are_looked_at(browser: Chrome, site: Site) -> None:
    browser.get(f"{site.url}/")
    links = browser.execute_script("return [...document.querySelectorAll('.masthead nav a')].map((one) => new URL(one.href).pathname)")
    assert len(links) == 5
    assert set(links) <= {page.path for page in PAGES}


def test_a_page_is_for_everyone(browser: Chrome, site: Site, page: Page, capsys: pytest.CaptureFixture[str]) -> None:
    """In every look: no rule broken, nothing beside the screen, no complaint; light, and soon painted."""
    complaints(browser)
    wrong: list[str] = []
    paints_ms: list[float] = []
    most_bytes = 0
    for look in LOOKS:
        open_page(browser, site.url, site.address(page), look)
        weight, *paints = browser.execute_script(WEIGH, page.foreign_files)
        most_bytes, paints_ms = max(most_bytes, weight), paints_ms + paints
        found = wrong_with(browser, page.foreign)
        if browser.execute_script("return document.documentElement.lang.slice(0, 2)") != look.language:
            found.append("in another language")
        wrong += [f"{look}: {each}" for each in found]
        keep(browser, page.path[1:] or "classify", look)
    with capsys.disabled():
        paint = f"first paint after {min(paints_ms):.0f} to {max(paints_ms):.0f} ms (goal {GOAL_PAINT_MS})"
        sys.stdout.write(f"\n{page.path}: {most_bytes / 1000:.0f} kB, {paint} ")
    assert wrong == []
    assert 0 < most_bytes <= MOST_BYTES
    assert min(paints_ms) <= 5 * GOAL_PAINT_MS  # with room: what else the machine does is not the page's


def test_an_answer_and_a_refusal_are_for_everyone(browser: Chrome, site: Site, tmp_path: Path) -> None:
    (text := tmp_path / "notes.jpg").write_text("a shopping list, not a photo")
    wrong: list[str] = []
    for look in LOOKS:
        open_page(browser, site.url, "/", look)
        pick(browser, CAT, until_state="done")
        wrong += [f"{look}, an answer: {each}" for each in wrong_with(browser)]
        keep(browser, "an answer", look)
        pick(browser, text, until_state="error")
        expected = "415 (Unsupported Media Type)"  # what Chromium says of a refusal
        wrong += [f"{look}, a refusal: {each}" for each in wrong_with(browser) if expected not in each]
    assert wrong == []
