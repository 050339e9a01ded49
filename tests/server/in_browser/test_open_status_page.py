"""The page of the state, open for an hour under load: neither the server nor the browser grows; and its cost. STATUS_PAGE_S shortens it."""

import logging
import os
import time
from pathlib import Path
from statistics import median

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By

from tests.level_model import store_level_model
from tests.process_tree import cpu_s
from tests.server.browser import browser, complaints, open_afresh
from tests.server.crowd import Crowd
from tests.server.process import ServerProcess

__all__ = ["browser"]  # a fixture
pytestmark = pytest.mark.soak
logger = logging.getLogger(__name__)
SECONDS = float(os.environ.get("STATUS_PAGE_S", "3600"))
LOOKS = 30
WATCH_S = 60.0
MOST_SHARE = 0.01  # of a core
MOST_HEAP_MB, MOST_SERVER_MB = 2, 16  # of growth from the second fifth to the last; the ring fills in the first ten minutes


def held(browser: Chrome) -> tuple[float, int]:
    """The heap of scripts in MiB after a collection, and the nodes of the page."""
    browser.execute_cdp_cmd("HeapProfiler.collectGarbage", {})
    found = {each["name"]: each["value"] for each in browser.execute_cdp_cmd("Performance.getMetrics", {})["metrics"]}
    return found["JSHeapUsedSize"] / 2**20, int(browser.execute_script("return document.getElementsByTagName('*').length"))


def test_neither_the_server_nor_the_browser_grows(browser: Chrome, tmp_path: Path) -> None:
    store_level_model(tmp_path)
    browser.execute_cdp_cmd("Performance.enable", {})
    with ServerProcess(model_store=tmp_path, model="level") as server, Crowd(server.address, rest_s=1) as crowd:
        open_afresh(browser, f"{server.url}/status")
        heaps_mb, nodes, servers_mb = [], [], []
        for _ in range(LOOKS):
            time.sleep(SECONDS / LOOKS)
            heap_mb, count = held(browser)
            heaps_mb.append(heap_mb)
            nodes.append(count)
            servers_mb.append(server.memory_mb())
            logger.info("heap %.2f MiB, %d nodes, server %.1f MiB", heap_mb, count, servers_mb[-1])
        assert not browser.find_element(By.CSS_SELECTOR, "#images .empty").is_displayed()  # it has drawn what there was
        assert complaints(browser) == []
    assert crowd.faults == []
    fifth = LOOKS // 5
    assert median(heaps_mb[-fifth:]) - median(heaps_mb[fifth : 2 * fifth]) < MOST_HEAP_MB
    assert median(servers_mb[-fifth:]) - median(servers_mb[fifth : 2 * fifth]) < MOST_SERVER_MB
    assert len(set(nodes[fifth:])) == 1


def test_an_open_page_costs_the_server_a_hundredth_of_a_core(browser: Chrome, tmp_path: Path) -> None:
    store_level_model(tmp_path)

    def taken_s(server: ServerProcess) -> float:
        before_s = cpu_s(server.pid)
        time.sleep(WATCH_S)
        return cpu_s(server.pid) - before_s

    with ServerProcess(model_store=tmp_path, model="level") as server:
        alone_s = taken_s(server)
        browser.get(f"{server.url}/status")
        share = (taken_s(server) - alone_s) / WATCH_S
    logger.info("%.4f of a core, %.4f without the page", share, alone_s / WATCH_S)
    assert share < MOST_SHARE
