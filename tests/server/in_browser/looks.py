"""The ways in which a page is looked at, what axe-core and the browser say of it, and a picture of it."""

import re
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.support.wait import WebDriverWait

from tests.server.browser import complaints

AXE = Path(__file__).parents[3] / ".venv/axe/node_modules/axe-core/axe.min.js"  # make test-browser brings it
needs_axe = pytest.mark.skipif(not AXE.exists(), reason="axe-core is not here (make .venv/axe/installed; it wants npm)")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
LOADED_S = 30
SCREENSHOTS = Path(__file__).parents[3] / "build/screenshots"
MOST_PX = 6000

RUN = """
const [exclude, rules, done] = arguments;
const why = ({any, all, none}) => [...any, ...all, ...none].map((one) => one.message).join('; ');
const said = (id, node) => `${id}: ${node.html.slice(0, 120)} ${why(node)}`;
axe.run({include: [['html']], exclude: exclude.map((one) => [one])}, {runOnly: rules, resultTypes: ['violations']}).then(
  ({violations}) => done(violations.flatMap(({id, nodes}) => nodes.map((node) => said(id, node)))), (error) => done([String(error)]));
"""

# What of the page lies beside the screen.
OVERFLOW = """
const wide = document.scrollingElement.scrollWidth, there = document.documentElement.clientWidth;
return wide <= there ? [] : [...document.body.querySelectorAll('*')].filter((one) => one.getBoundingClientRect().right > there + 1)
  .slice(0, 5).map((one) => one.outerHTML.slice(0, 120));
"""


@dataclass(frozen=True)
class Look:
    """One way to look at a page."""

    scheme: str
    language: str
    phone: bool

    def __str__(self) -> str:
        return f"{self.scheme}, {self.language}, {'phone' if self.phone else 'wide'}"

    def take(self, browser: Chrome, height_px: int = 0) -> None:
        """Make the browser look so from now on, on a screen of a usual height if none is said."""
        width, height = (390, 844) if self.phone else (1280, 900)
        screen = {"width": width, "height": height_px or height, "deviceScaleFactor": 2 if self.phone else 1, "mobile": self.phone}
        for command, values in (
            ("Emulation.setDeviceMetricsOverride", screen),
            ("Emulation.setTouchEmulationEnabled", {"enabled": self.phone}),
            ("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": self.scheme}]}),
        ):
            browser.execute_cdp_cmd(command, values)


LOOKS = [Look(*each) for each in product(("light", "dark"), ("en", "zh"), (False, True))]
PAIRS = [look for look in LOOKS if ((look.scheme == "dark") + (look.language == "zh") + look.phone) % 2 == 0]
"""Half of them: each scheme with each language and on each screen, and each language on each screen."""


def open_page(browser: Chrome, server: str, path: str, look: Look) -> None:
    """Open a page as a first visitor does, with nothing in the cache, and wait until it asks for nothing more."""
    look.take(browser)
    browser.execute_cdp_cmd("Network.enable", {})
    browser.execute_cdp_cmd("Network.setCacheDisabled", {"cacheDisabled": True})
    browser.get(f"{server}/language?to={look.language}")
    browser.get(server + path)
    asked = "return performance.getEntriesByType('resource').length"
    counts: list[Any] = []

    def rests(_: Chrome) -> bool:
        counts.append(browser.execute_script(asked))
        return len(counts) > 2 and counts[-1] == counts[-3]

    WebDriverWait(browser, LOADED_S).until(rests)


def violations(browser: Chrome, exclude: str = "") -> list[str]:
    """What breaks a rule of WCAG 2.2 AA, outside what the selector names."""
    browser.execute_script(AXE.read_text("utf-8"))
    browser.set_script_timeout(LOADED_S)
    found: list[str] = browser.execute_async_script(RUN, [exclude] if exclude else [], RULES)
    return found


def wrong_with(browser: Chrome, foreign: str = "") -> list[str]:
    """What breaks a rule, what the browser complained of, and what lies beside the screen."""
    beside = [f"beside the screen: {element}" for element in browser.execute_script(OVERFLOW)]
    return violations(browser, foreign) + complaints(browser) + beside


def keep(browser: Chrome, name: str, look: Look | None = None) -> None:
    """Save what the browser shows, for people who look at pages and not at tests: the screen, or in a look the page to its end."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    if look:
        name = f"{name} {look}"
        look.take(browser, min(browser.execute_script("return document.documentElement.scrollHeight"), MOST_PX))
    file = re.sub(r"\W+", "-", name).strip("-")
    browser.save_screenshot(str(SCREENSHOTS / f"{file}.png"))
    if look:
        look.take(browser)
