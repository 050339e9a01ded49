"""The figures of the page of the state that docs/metrics.md shows for panels of Grafana: each is drawn under load, and its picture kept.

The pictures land in build/screenshots/panels. Those in docs/images/panels were made with PANELS_S=90: so long is the load.
"""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

from tests.level_model import store_level_model
from tests.server.browser import browser, complaints, open_afresh
from tests.server.crowd import Crowd
from tests.server.evaluation.level_sets import finished, make_level_set
from tests.server.in_browser.looks import LOOKS, SCREENSHOTS
from tests.server.process import ServerProcess

__all__ = ["browser"]  # a fixture
SECONDS = float(os.environ.get("PANELS_S", "10"))
WAIT_S = 40
SHOWN = Path(__file__).parents[3] / "docs/images/panels"
MOST_BYTES = 60_000
FIGURES = {
    "overview": ".overview",
    "images": "#images",
    "requests": "#requests",
    "took": "#took",
    "stages": "#stages",
    "slowest-stages": "#stages",
    "window": "#window",
    "batches": "#batches",
    "memory": "#memory",
    "engines": "#models",
    "evaluations": "#evaluations",
}


@pytest.fixture(scope="module")
def page(browser: Chrome, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    """The page after a while in which images were answered and turned away, an engine was lost, and a set was evaluated."""
    folder = tmp_path_factory.mktemp("panels")
    store_level_model(folder / "store", batch_sizes=(1, 2, 4, 8))
    val = make_level_set(folder / "val", 400)
    settings: dict[str, Any] = {"engines": "stream", "engine_processes": "yes", "devices": "0,1", "window": 24}
    with ServerProcess(model_store=folder / "store", model="level", evaluation_roots=f"val={val.folder}", **settings) as server:
        finished(server, server.client.post("/evaluate", json={"dataset": "val"}).headers["location"])
        with Crowd(server.address, rest_s=0.05):
            os.kill(server.client.get("/info").json()["engines"][1]["process"], signal.SIGKILL)
            time.sleep(SECONDS)
            LOOKS[0].take(browser)
            open_afresh(browser, f"{server.url}/status")
            up = ".tile[data-state=up] + .tile[data-state=up]"
            WebDriverWait(browser, WAIT_S).until(lambda _: browser.find_elements(By.CSS_SELECTOR, up))
            yield browser
            assert complaints(browser) == []


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_drawn(page: Chrome, name: str) -> None:
    quantile = "0.99" if name == "slowest-stages" else "0.5"
    page.execute_script("document.querySelector(`[name=quantile][value='${arguments[0]}']`).click()", quantile)
    figure = page.find_element(By.CSS_SELECTOR, FIGURES[name])
    assert figure.is_displayed()
    assert not figure.find_elements(By.CSS_SELECTOR, ".empty:not(.gone)")
    (SCREENSHOTS / "panels").mkdir(parents=True, exist_ok=True)
    figure.screenshot(str(SCREENSHOTS / f"panels/{name}.png"))


def test_the_documentation_has_these_pictures_and_they_are_light() -> None:
    assert {path.stem for path in SHOWN.glob("*")} == set(FIGURES)
    assert max(path.stat().st_size for path in SHOWN.glob("*")) < MOST_BYTES
